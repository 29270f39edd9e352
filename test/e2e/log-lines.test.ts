/** Whatever a client says, what the server writes of it stays on its line: the log, and the dialogue of -v. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { POSTMASTER, Server } from '../support/server.js';

/** What others take for a line's end, moves a terminal's cursor, or ends a text in JSON. Latin-1. */
const ODD = [
  ...['\r', '\n', '\0', '\x08', '\x0b', '\x0c', '\x1b[2J', '\x7f', '\x85', '\x9b2J', '\xc2\x85', '\xc2\x9b2J'],
  ...['\xe2\x80\xa8', '\xe2\x80\xa9', '\xe2\x80\xae', '"}', '\\', '\\n', '%0a', '\xc0\x8a', '\xff'],
];

describe('what the server writes of a client', () => {
  let server: Server;

  before(async () => {
    server = await Server.start({ workers: 1, arguments: ['-v', '--xclient-networks', '127.0.0.0/8'] });
  });

  after(() => server.release());

  /** Says each line on a connection of its own, and then goodbye. */
  async function say(port: number, lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const client = await LineClient.greeted(port);
      client.write(Buffer.from(`${line}\r\nQUIT\r\n`, 'latin1'));
      await client.rest();
    }
  }

  it('is a line each in the log, and in the dialogue', async () => {
    await say(
      server.smtpPort,
      ODD.flatMap((odd) => [
        `EHLO a${odd}b`,
        `XCLIENT HELO=a${odd}b`,
        `VRFY ${odd}`,
        `MAIL FROM:<a${odd}@b>`,
        `${odd}X`,
      ]),
    );
    await say(
      server.pop3Port,
      ODD.flatMap((odd) => [`USER a${odd}b`, `RETR ${odd}`, `${odd}X`]),
    );
    const sessions = 8 * ODD.length;
    const lines = () => server.stdout.split('\n').filter((line) => line.startsWith('{'));
    await eventually(
      'every session in the log',
      () => lines().filter((l) => l.includes('"session"')).length >= sessions,
    );
    for (const line of lines()) expect(() => JSON.parse(line) as unknown, line).to.not.throw();
    const logged = lines().map((line) => JSON.parse(line) as { readonly msg: string });
    expect(logged.filter(({ msg }) => msg === 'session')).to.have.length(sessions);
    expect(logged.filter(({ msg }) => !['session', 'ready'].includes(msg))).to.deep.equal([]);
    const shown = server.stderr.split('\n').slice(0, -1);
    expect(shown.filter((line) => !/^\[1\.[0-9a-z]+\] [CS]: /.test(line))).to.deep.equal([]);
    // eslint-disable-next-line no-control-regex -- exactly what no terminal should be sent
    expect(shown.filter((line) => /[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(line))).to.deep.equal([]);
    expect(lines().join('')).to.not.match(/[\u2028\u2029\u0085]/);
  });

  it('shows no more of a password than that there was one', async () => {
    const client = await LineClient.greeted(server.pop3Port);
    await client.ask(`USER ${POSTMASTER}`, /^\+OK/);
    client.write(Buffer.from('PASS open\nsesame\r\nPASS open sesame\r\n'));
    await client.expect(/^-ERR/);
    await client.expect(/^-ERR/);
    await client.ask('QUIT', /^\+OK/);
    await eventually('the password in the dialogue', () => server.stderr.includes('C: PASS ****'));
    expect(server.logs).to.not.contain('sesame');
  });
});
