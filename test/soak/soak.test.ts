/** A short soak; `npm run soak` is the long one. And what it calls lost or torn. SEED in the environment sets what is random. */
import { expect } from 'chai';
import { checkMail, wasSaid } from './mail.js';
import { soak } from './soak.js';

const SESSIONS = 120;
const CLIENTS = 48;

describe('a server that sees clients of every kind', function () {
  this.timeout(300_000);

  it('ends no process, keeps no session, and has each message that it acknowledged, octet for octet', async () => {
    const seed = Number(process.env['SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
    console.log(`      SEED=${seed}`);
    const { faults, lost, torn, compared } = await soak({ sessions: SESSIONS, seed, clients: CLIENTS });
    expect({ faults, lost, torn }).to.deep.equal({ faults: [], lost: [], torn: [] });
    expect(compared).to.be.above(SESSIONS / 10);
  });
});

describe('what a soak finds', () => {
  const TRACE =
    'Return-Path: <>\r\nDelivered-To: a@b\r\nReceived: from x ([::1])\r\n\tby y (Pennypost) with SMTP id s1-1\r\n\tfor <a@b>; x\r\n';
  const stored = (body: string): Buffer => Buffer.from(`${TRACE}${body}`);
  const after = (said: string, ...messages: readonly Buffer[]) =>
    checkMail(new Map([['s1-1', { session: 'one', said: Buffer.from(said), isKept: true }]]), messages);

  it('is a message that is not there', () => {
    expect(after('DATA\r\nx\r\n.\r\n')).to.deep.include({ lost: ['s1-1 of one'], torn: [] });
  });

  it('is a message of other octets, or of fewer at either end', () => {
    const said = 'RCPT TO:<a@b>\r\nDATA\r\na\r\n..b\r\nc\r\n.\r\nQUIT\r\n';
    expect(after(said, stored('a\r\n.b\r\nc\r\n'))).to.deep.include({ lost: [], torn: [] });
    for (const body of ['a\r\n.b\r\n', '.b\r\nc\r\n', 'a\r\nb\r\nc\r\n', 'a\r\n.b\r\nc\r\nx', ''])
      expect(after(said, stored(body)), body).to.deep.include({ torn: ['s1-1 of one'] });
  });

  it('follows chunks from the first to the last', () => {
    const said = Buffer.from('NOOP\r\nBDAT 3\r\na\r\nNOOP\r\nbdat 4 LAST\r\nb\r\nc');
    expect(wasSaid(said, Buffer.from('a\r\nb\r\nc'))).to.equal(true);
    for (const body of ['a\r\n', 'b\r\nc.', 'a\r\nb\r', 'xa\r\nb\r\nc'])
      expect(wasSaid(said, Buffer.from(body)), body).to.equal(false);
  });
});
