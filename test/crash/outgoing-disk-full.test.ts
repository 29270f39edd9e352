/**
 * A disk that fills while mail goes out: nothing that is refused for it is queued, an outcome waits for room and is stored once, and what
 * logs in at a relay is stored when there is room again. Nothing of it needs a restart.
 */
import { expect } from 'chai';
import { setTimeout as pause } from 'node:timers/promises';
import type { Outgoing } from '../../src/store/deliveries.js';
import { StoreError } from '../../src/store/errors.js';
import { driverOf } from '../../src/store/open.js';
import type { NewRelayLogin } from '../../src/store/relay-logins.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { itNeeds } from '../support/programs.js';
import { ScriptedServer, type ScriptedSession } from '../support/scripted-server.js';
import type { Server } from '../support/server.js';
import { Control, Shim } from './shim.js';

const DAY_MS = 24 * 3_600_000;
const STAYS_FULL_MS = 3_000;
const LOGIN: NewRelayLogin = {
  ...{ user: 'office@example.org', provider: 'test', hosts: ['relay.example'], scope: 'mail' },
  ...{ tokenEndpoint: 'https://id.example/token', clientId: 'us', clientSecret: undefined },
  ...{ accessToken: 'a', expiresAtMs: Date.now() + DAY_MS, refreshToken: 'r' },
};

describe('a disk that fills while mail goes out', () => {
  let shim: Shim;
  let server: Server;
  let store: MailStore;
  let relay: ScriptedServer;
  /** Sessions that wait for their last reply. */
  const waiting: ScriptedSession[] = [];
  let isHeld = false;

  async function begin(): Promise<void> {
    shim = await Shim.build();
    relay = await ScriptedServer.start({
      answer: (line, session) => {
        if (line !== '.' || !isHeld) return undefined;
        waiting.push(session);
        return '';
      },
    });
    const url = `smtp://127.0.0.1:${relay.port}?tls=none`;
    server = await shim.serve({ workers: 1, arguments: ['--min-free', '0', '--outbound', 'relay', '--relay', url] });
    store = await driverOf(server.db).open(server.db);
  }

  after(async () => {
    await store.close();
    await server.release();
    await relay.stop();
    shim.release();
  });

  async function enqueue(to: string): Promise<void> {
    const nowMs = Date.now();
    const outgoing: Outgoing = {
      trace: Buffer.from('Received: by localhost; Mon, 30 Nov 2026 10:12:05 +0000\r\n'),
      ...{ firstAttemptAtMs: nowMs, expiresAtMs: nowMs + DAY_MS, bodyKind: '7bit', smtputf8: false, requireTls: false },
    };
    const recipients = [{ kind: 'remote' as const, recipient: to, destination: 'example.com' }];
    const delivery = store.deliver({ reversePath: 'postmaster@localhost', receivedAtMs: nowMs, recipients, outgoing });
    await delivery.write(Buffer.from('Subject: x\r\n\r\nx\r\n'));
    await delivery.commit();
  }

  const kindOf = (act: Promise<unknown>): Promise<string> =>
    act.then(
      () => 'done',
      (error: unknown) => (error instanceof StoreError ? error.kind : String(error)),
    );
  const sentTo = (to: string): number => relay.lines.filter((line) => line === `RCPT TO:<${to}>`).length;

  itNeeds(['cc'], 'stores outcomes, mail and logins when there is room again, each once', async () => {
    await begin();
    isHeld = true;
    await enqueue('held@example.com');
    await eventually('the message to be sent', () => waiting.length === 1);
    shim.set(Control.Full, 1);
    isHeld = false;
    for (const session of waiting) session.say('250 2.0.0 Taken');
    expect(await kindOf(enqueue('refused@example.com'))).to.equal('full');
    expect(await kindOf(store.relayLogins.setRelayLogin(LOGIN))).to.equal('full');
    await pause(STAYS_FULL_MS);
    expect((await store.queuedMail.list({})).entries.map(({ recipient }) => recipient)).to.deep.equal([
      'held@example.com',
    ]);
    shim.set(Control.Full, 0);
    await eventually('the outcome to be stored', async () => (await store.queuedMail.list({})).entries.length === 0);
    await store.relayLogins.setRelayLogin(LOGIN);
    await enqueue('later@example.com');
    await eventually('mail to leave', () => sentTo('later@example.com') === 1);
    expect([sentTo('held@example.com'), sentTo('refused@example.com')]).to.deep.equal([1, 0]);
    const { processes } = await server.status();
    expect(processes.every(({ restarts }) => restarts === 0)).to.equal(true);
  });
});
