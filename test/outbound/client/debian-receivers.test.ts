/** Exim and OpenSMTPD: one that offers everything that our client uses, and one that takes a command at a time and no SMTPUTF8. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { debianReceiverMissing, exim, openSmtpd, startDebianReceiver } from '../../support/debian-receiver.js';
import { eventually } from '../../support/eventually.js';
import { ScriptedServer } from '../../support/scripted-server.js';
import { freePorts } from '../../support/server.js';
import { expectAll, kinds, MESSAGES, sendAll } from './receiving.js';
import { clientOf, connected, envelopeOf, hopTo, sourceOf, to } from './sending.js';

const TIMEOUT_MS = 60_000;
const RECEIVERS = [
  { name: 'Exim', receiver: exim, international: 'delivered 250' },
  { name: 'OpenSMTPD', receiver: openSmtpd, international: 'failed 0' },
];

describe('a receiver of Debian', function () {
  this.timeout(TIMEOUT_MS);
  const missing = debianReceiverMissing();

  for (const { name, receiver, international } of RECEIVERS)
    it(`that is ${name} takes all, and hands it on as it was${missing === undefined ? '' : ` (skipped: ${missing})`}`, async function () {
      if (missing !== undefined) return this.skip();
      const home = mkdtempSync(join(tmpdir(), 'pennypost-receiver-'));
      chmodSync(home, 0o755);
      const inside = await ScriptedServer.start({ lmtp: true, extensions: ['PIPELINING', '8BITMIME', 'SMTPUTF8'] });
      const [smtp] = await freePorts();
      const stop = await startDebianReceiver(receiver, home, { smtp, lmtp: inside.port });
      try {
        const hop = hopTo(smtp);
        const connection = await connected(clientOf().connect(hop));
        expect(kinds(await sendAll(connection, 'alice@localhost'))).to.deep.equal(MESSAGES.map(() => 'delivered 250'));
        await eventually('all to be handed on', () => inside.messages.length === MESSAGES.length, 20_000);
        expectAll(inside.messages);
        const other = await connected(clientOf().connect(hop));
        const some = envelopeOf(undefined, to('alice@localhost', 'bob@elsewhere.example'));
        expect(kinds((await other.send(some, sourceOf())).outcomes)).to.deep.equal(['delivered 250', 'failed 550']);
        const jörg = envelopeOf(undefined, { ...to('jörg@localhost'), body: 'smtputf8' });
        expect(kinds((await other.send(jörg, sourceOf())).outcomes)).to.deep.equal([international]);
        await other.quit();
      } finally {
        await stop();
        await inside.stop();
        rmSync(home, { recursive: true, force: true, maxRetries: 5 });
      }
    });
});
