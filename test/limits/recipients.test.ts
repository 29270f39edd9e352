/** One login and what it may send to other domains: in fifty sessions over two workers as in one, and after a restart of the server. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { Server } from '../support/server.js';

const PASSWORD = 'a password that was stolen';
const ALICE = 'alice@localhost';
const SESSIONS = 50;
const PER_SESSION = 4;
const LIMIT = 61;
const LOGIN = `AUTH PLAIN ${Buffer.from(`\0${ALICE}\0${PASSWORD}`).toString('base64')}`;
/** Nothing listens there: all of it stays in the queue. */
const OUTBOUND = ['--outbound', 'relay', '--relay', 'smtp://127.0.0.1:1?tls=none', '--max-recipients-per-hour'];

describe('a login that sends to other domains', () => {
  let server: Server;

  before(async () => {
    server = await Server.start({ everyService: true, workers: 2, arguments: [...OUTBOUND, String(LIMIT)] });
    await server.addAccount(ALICE, PASSWORD);
  });

  after(() => server.release());

  async function codeOf(client: LineClient, command: string): Promise<number> {
    const { code } = await client.command(command);
    return code;
  }

  async function session(): Promise<LineClient> {
    const client = await LineClient.greeted(server.submissionPort);
    expect([await codeOf(client, 'EHLO client.example'), await codeOf(client, LOGIN)]).to.deep.equal([250, 235]);
    return client;
  }

  /** The codes of RCPT and of the end of the message, which is not begun without recipients. */
  async function send(client: LineClient, recipients: number): Promise<readonly number[]> {
    await codeOf(client, `MAIL FROM:<${ALICE}>`);
    const codes: number[] = [];
    for (let count = 0; count < recipients; count++)
      codes.push(await codeOf(client, `RCPT TO:<r${count}@example.com>`));
    if (!codes.includes(250)) return codes;
    await codeOf(client, 'DATA');
    return [...codes, await codeOf(client, 'Subject: x\r\n\r\nx\r\n.')];
  }

  const queued = async () => ((await server.do('queue', 'list', '--json')).match(/"id"/g) ?? []).length;

  it('sends to no more than it may, however many sessions it has', async () => {
    const clients = await Promise.all(Array.from({ length: SESSIONS }, session));
    const first = await Promise.all(clients.map((client) => send(client, PER_SESSION)));
    const second = await Promise.all(clients.map((client) => send(client, 1)));
    expect(new Set([...first, ...second].flat())).to.deep.equal(new Set([250, 450]));
    expect(await queued()).to.equal(LIMIT);
    for (const client of clients) client.destroy();
  });

  it('is named in the log once a session, with its address', async () => {
    await eventually('the lines', () => server.stdout.includes('"event":"over limit"'));
    const lines = server.stdout.split('\n').filter((line) => line.includes('"event":"over limit"'));
    expect(lines.length).to.be.within(1, SESSIONS);
    for (const line of lines)
      expect(line).to.match(
        /^\{"level":40,.*"event":"over limit","peer":"127\.0\.0\.1","account":"alice@localhost","session":"/,
      );
  });

  it('still may not when the server was started again, until somebody lets it', async () => {
    await server.stop();
    await server.release({ keep: true });
    server = await Server.start({ like: server, arguments: [...OUTBOUND, String(LIMIT)] });
    const client = await session();
    expect(await send(client, 1)).to.deep.equal([450]);
    expect(await server.do('account', 'limit', ALICE, '--per-hour', String(LIMIT + 1))).to.include(
      `${LIMIT} of ${LIMIT + 1} (its own)`,
    );
    expect(await send(client, 2)).to.deep.equal([250, 450, 250]);
    expect(await queued()).to.equal(LIMIT + 1);
    client.destroy();
  });
});
