/** A store that falls behind: new messages are put off honestly, those under way wait, and nothing is done twice. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { beginData, demand, fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { POSTMASTER, Server } from '../support/server.js';

/** Above the lag at which MAIL is refused (sqlite-store.ts). */
const BEHIND_MS = 11_000;

describe('a store that does not answer', () => {
  let server: Server;

  before(async () => {
    server = await Server.start({ workers: 1 });
  });

  after(() => server.release());

  it('has MAIL answered with 451 4.3.1 after ten seconds, and takes what waited when it goes on', async () => {
    const waiting = await smtpSession(server.smtpPort);
    const other = await smtpSession(server.smtpPort);
    await beginData(waiting, POSTMASTER);
    const { store } = await server.status();
    process.kill(store?.pid ?? NaN, 'SIGSTOP');
    try {
      waiting.send('Subject: patience', '', '.');
      await demand(other, 'MAIL FROM:<>', 250);
      await demand(other, 'RSET', 250);
      await pause(BEHIND_MS);
      expect(await other.command('MAIL FROM:<>')).to.deep.equal({
        code: 451,
        lines: ['451 4.3.1 The mail store is busy; try again in a moment'],
      });
    } finally {
      process.kill(store?.pid ?? NaN, 'SIGCONT');
    }
    expect((await waiting.reply()).code).to.equal(250);
    await sendData(other, POSTMASTER, Buffer.from('Subject: afterwards\r\n\r\n'));
    expect(await fetchAll(server.pop3Port, POSTMASTER, server.password)).to.have.length(2);
  });
});
