/**
 * A client that comes back right after it went: its old session lets go of the maildrop by itself, on whatever worker, and the new
 * one waits for that instead of being told [IN-USE]. One that is really there is named at once.
 */
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { LineClient } from '../support/line-client.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { Server } from '../support/server.js';
import { inClear, secureSocket } from '../support/tls-client.js';

const USER = 'alice@localhost';
const PASSWORD = 'secret';
const WORKERS = 4;
const ROUNDS = 60;
/** Nobody who is told of a live holder has waited for it: that takes a second. */
const AT_ONCE_MS = 900;
const MESSAGE = Buffer.from(`Subject: x\r\n\r\n${'x'.repeat(70)}\r\n`);

interface Connected {
  readonly client: LineClient;
  readonly socket: Socket;
}

type Leaving = (connected: Connected) => void;

const leavings: Readonly<Record<string, Leaving>> = {
  'its connection ends': ({ socket }) => socket.end(),
  'its connection is closed at once': ({ socket }) => socket.destroy(),
  'its connection is reset': ({ socket }) => socket.resetAndDestroy(),
  'it says QUIT and does not listen': ({ client }) => client.send('QUIT'),
  'it says QUIT and closes': ({ client, socket }) => {
    client.send('QUIT');
    socket.end();
  },
  'it removes its mail and closes': ({ client, socket }) => {
    client.send('DELE 1', 'QUIT');
    socket.end();
  },
};

describe('a maildrop whose holder is leaving', function () {
  this.timeout(60_000);
  let server: Server;

  before(async () => {
    server = await Server.start({ workers: WORKERS, everyService: true });
    await server.addAccount(USER, PASSWORD);
    await server.addAccount('bob@localhost', PASSWORD);
  });

  after(() => server.release());

  async function begin(tls: boolean): Promise<Connected> {
    if (!tls) return inClear(server.pop3Port);
    const socket = await secureSocket({ port: server.pop3sPort });
    const client = LineClient.over(socket);
    await client.expect(/^\+OK/);
    return { client, socket };
  }

  /** Logged in; the answer is the server's. */
  async function logIn({ client }: Connected): Promise<string> {
    await client.ask(`USER ${USER}`, /^\+OK/);
    client.send(`PASS ${PASSWORD}`);
    return client.line();
  }

  async function deliver(count: number, message = MESSAGE): Promise<void> {
    const client = await smtpSession(server.smtpPort);
    for (let sent = 0; sent < count; sent++) await sendData(client, USER, message);
    client.destroy();
  }

  for (const tls of [false, true])
    for (const [how, leave] of Object.entries(leavings)) {
      if (tls && how.includes('reset')) continue; // A TLS socket has no such word.
      it(`is waited for when ${how}${tls ? ', under TLS' : ''}`, async () => {
        await deliver(how.includes('removes') ? 1 : 0);
        const answers: string[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          const connected = await begin(tls);
          answers.push(await logIn(connected));
          const next = await begin(tls);
          leave(connected);
          answers.push(await logIn(next));
          leave(next);
          connected.socket.destroy();
        }
        expect(answers.filter((answer) => !answer.startsWith('+OK'))).to.deep.equal([]);
      });
    }

  it('is waited for when it goes in the middle of a long answer', async () => {
    await deliver(1, Buffer.from(`Subject: long\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(8_000)}`));
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const connected = await begin(false);
      expect(await logIn(connected)).to.match(/^\+OK/);
      connected.client.pause();
      connected.client.send('RETR 1');
      await new Promise((resolve) => setTimeout(resolve, 100));
      connected.socket[leave]();
      const next = await begin(false);
      expect(await logIn(next), leave).to.match(/^\+OK/);
      next.client.send('QUIT');
      await next.client.rest();
    }
  });

  it('is named at once while it is there, whatever it said and however much', async () => {
    const holder = await begin(true);
    expect(await logIn(holder)).to.match(/^\+OK/);
    for (const said of [[], ['NOOP'], ['STAT', 'LIST', 'RSET'], ['QUIT now']]) {
      if (said.length > 0) holder.client.send(...said);
      for (let asked = 0; asked < 5; asked++) {
        const other = await begin(asked % 2 === 0);
        const startedMs = performance.now();
        expect(await logIn(other)).to.match(/^-ERR \[IN-USE\] .* since .* from 127\.0\.0\.1 \(session /);
        expect(performance.now() - startedMs).to.be.below(AT_ONCE_MS);
        other.socket.destroy();
      }
    }
    holder.socket.destroy();
  });

  it('gives up what waits and goes away, and goes to one of those that stay', async () => {
    const holder = await begin(false);
    expect(await logIn(holder)).to.match(/^\+OK/);
    const crowd = await Promise.all(Array.from({ length: 10 }, () => begin(false)));
    for (const { client } of crowd) await client.ask(`USER ${USER}`, /^\+OK/);
    holder.client.send('QUIT');
    for (const { client } of crowd) client.send(`PASS ${PASSWORD}`);
    for (const { socket } of crowd) socket.resetAndDestroy();
    const last = await begin(false);
    expect(await logIn(last)).to.match(/^\+OK/);
    last.socket.destroy();
    holder.socket.destroy();
  });
});
