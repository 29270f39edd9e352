/** What is done with a message is a list: one row more judges, changes or refuses it, at once or later, and the client hears it. */
import { Buffer } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { Stage } from '../../src/message/stage.js';
import { replies, type SmtpReply } from '../../src/smtp/replies.js';
import type { Incoming } from '../../src/smtp/stage-row.js';
import { stages } from '../../src/smtp/stages.js';
import type { MailStore } from '../../src/store/store.js';
import { StoreError } from '../../src/store/errors.js';
import { MemoryChannel } from '../support/dialogue-channel.js';
import { beginSmtp } from '../support/dialogue-faults.js';
import { changed, Stage as Scene } from '../support/dialogue-stage.js';

const BEGUN = 'HELO client.example\r\nMAIL FROM:<bob@example.net>\r\nRCPT TO:<alice@example.org>\r\n';
const MESSAGE = 'Subject: x\r\n\r\ntext\r\n';
const REFUSAL: SmtpReply = { code: 550, head: Buffer.from('550 5.7.1 Not in this house\r\n'), failed: true };

describe('a stage that is added', () => {
  let scene: Scene;
  before(async () => (scene = await Scene.set([{ kind: 'account', name: 'alice', password: 's', messages: [] }])));
  after(() => scene.close());
  afterEach(() => MemoryChannel.dropAll());
  afterEach(() => scene.reset());

  /** A transaction of a session whose messages go through one stage more, the last. */
  async function inTransaction(row: (message: Incoming) => Stage<SmtpReply> | undefined) {
    const ends: string[] = [];
    const store: MailStore = changed(scene.store, {
      deliver(envelope) {
        const delivery = scene.store.deliver(envelope);
        return {
          write: (chunk) => delivery.write(chunk),
          commit: () => (ends.push('commit'), delivery.commit()),
          abort: () => (ends.push('abort'), delivery.abort()),
        };
      },
    });
    const { channel, bugs } = beginSmtp(store, { stages: [...stages, row] });
    channel.send(BEGUN);
    for (const code of [220, 250, 250, 250]) expect(await channel.line()).to.match(new RegExp(`^${code} `));
    return { channel, bugs, ends };
  }

  async function said(channel: MemoryChannel, command: string): Promise<string | undefined> {
    channel.send(command);
    return channel.line();
  }

  it('judges by sender and envelope, and refuses later: nothing is kept, and the session goes on', async () => {
    const judging = ({ peer, transaction: { from, hello, recipients } }: Incoming): Stage<SmtpReply> => ({
      end: async () => {
        await turn();
        expect([peer.address, hello.name, recipients.length]).to.deep.equal(['127.0.0.1', 'client.example', 1]);
        return from.mailbox?.domain === 'example.net' ? REFUSAL : undefined;
      },
    });
    const { channel, ends } = await inTransaction(judging);
    expect(await said(channel, 'DATA\r\n')).to.match(/^354 /);
    expect(await said(channel, `${MESSAGE}.\r\n`)).to.equal('550 5.7.1 Not in this house');
    expect(ends).to.deep.equal(['abort']);
    expect(await said(channel, 'MAIL FROM:<bob@example.com>\r\n')).to.match(/^250 /);
    expect(await said(channel, 'RCPT TO:<alice@example.org>\r\n')).to.match(/^250 /);
    expect(await said(channel, 'DATA\r\n')).to.match(/^354 /);
    expect(await said(channel, `${MESSAGE}.\r\n`)).to.match(/^250 /);
    expect(ends).to.deep.equal(['abort', 'commit']);
    expect(scene.messages('alice')).to.have.length(1);
  });

  it('refuses for each recipient in LMTP', async () => {
    const judging = (): Stage<SmtpReply> => ({ end: async () => (await turn(), REFUSAL) });
    const { channel } = beginSmtp(scene.store, { stages: [...stages, judging], isLmtp: true });
    channel.send(`LHLO x\r\n${BEGUN.slice(BEGUN.indexOf('MAIL'))}RCPT TO:<alice+x@example.org>\r\nDATA\r\n`);
    while (!(await channel.line())?.startsWith('354 '));
    for (const reply of [await said(channel, `${MESSAGE}.\r\n`), await channel.line()])
      expect(reply).to.equal('550 5.7.1 Not in this house');
    expect(await said(channel, 'NOOP\r\n')).to.match(/^250 /);
    expect(scene.messages('alice')).to.have.length(0);
  });

  it('refuses in the middle, after the true end of the message', async () => {
    const { channel, ends } = await inTransaction(() => ({ write: () => REFUSAL }));
    expect(await said(channel, 'DATA\r\n')).to.match(/^354 /);
    channel.send(`${MESSAGE}NOOP\r\n`);
    await turn();
    expect(channel.said).to.equal('');
    expect(ends).to.deep.equal(['abort']);
    expect(await said(channel, '.\r\nNOOP\r\n')).to.equal('550 5.7.1 Not in this house');
    expect(await channel.line()).to.match(/^250 /);
  });

  for (const [how, row] of [
    ['at once', (): Stage<SmtpReply> => ({ write: () => REFUSAL })],
    ['later', (): Stage<SmtpReply> => ({ write: async () => (await turn(), REFUSAL) })],
  ] as const)
    it(`refuses a chunk ${how}`, async () => {
      const { channel, ends } = await inTransaction(row);
      expect(await said(channel, `BDAT ${MESSAGE.length}\r\n${MESSAGE}`)).to.equal('550 5.7.1 Not in this house');
      expect(ends).to.deep.equal(['abort']);
      expect(await said(channel, 'BDAT 3 LAST\r\ntwo')).to.match(/^503 /);
    });

  it('changes a message', async () => {
    const marking: Stage<SmtpReply> = {
      write: (piece, next) => (next(Buffer.from('X-Mark: y\r\n')), next(piece)),
    };
    const { channel } = await inTransaction(() => marking);
    expect(await said(channel, 'DATA\r\n')).to.match(/^354 /);
    expect(await said(channel, `${MESSAGE}.\r\n`)).to.match(/^250 /);
    expect(String(scene.messages('alice')[0])).to.include(`\r\nX-Mark: y\r\n${MESSAGE}`);
  });

  it('is not asked when the message is refused already', async () => {
    let asked = 0;
    const { channel, ends } = await inTransaction(() => ({ end: () => ((asked += 1), REFUSAL) }));
    expect(await said(channel, 'DATA\r\n')).to.match(/^354 /);
    expect(await said(channel, 'one\ntwo\r\n.\r\n')).to.equal(String(replies.bareNewline.head).trim());
    channel.send(BEGUN.slice(BEGUN.indexOf('MAIL')));
    for (let line = 0; line < 2; line++) expect(await channel.line()).to.match(/^250 /);
    expect(await said(channel, 'DATA\r\n')).to.match(/^354 /);
    expect(await said(channel, `${'x'.repeat(2000)}\r\n.\r\n`)).to.equal(String(replies.tooLarge(1000).head).trim());
    expect(ends).to.deep.equal(['abort', 'abort']);
    expect(asked).to.equal(0);
  });

  it('may meet a failure of the store, which is answered as such', async () => {
    const { channel, ends } = await inTransaction(() => ({
      end: () => Promise.reject(new StoreError('unavailable', 'away')),
    }));
    expect(await said(channel, 'DATA\r\n')).to.match(/^354 /);
    expect(await said(channel, `${MESSAGE}.\r\n`)).to.match(/^451 /);
    expect(ends).to.deep.equal(['abort']);
  });

  for (const [where, row] of [
    ['in a piece', () => ({ write: bug })],
    ['in a piece, later', () => ({ write: async () => (await turn(), bug()) })],
    ['at the end', () => ({ end: bug })],
    ['at the end, later', () => ({ end: async () => (await turn(), bug()) })],
  ] as const)
    it(`with a bug ${where} ends the session, and nothing is kept of the message`, async () => {
      const { channel, bugs, ends } = await inTransaction(row);
      expect(await said(channel, 'DATA\r\n')).to.match(/^354 /);
      expect(await said(channel, `${MESSAGE}.\r\n`)).to.equal(String(replies.internal.head).trim());
      expect(await channel.closed()).to.equal(true);
      expect(bugs).to.have.length(1);
      expect(ends).to.deep.equal(['abort']);
    });

  it('that agrees after its client has gone lets the message in: its end was seen', async () => {
    let agree: () => void = () => undefined;
    const waiting = new Promise<undefined>((resolve) => (agree = () => resolve(undefined)));
    const { channel, ends } = await inTransaction(() => ({ end: () => waiting }));
    channel.send('BDAT 3\r\noneBDAT 3 LAST\r\ntwo');
    expect(await channel.line()).to.match(/^250 /);
    channel.drop();
    await turn();
    expect(ends).to.deep.equal([]);
    agree();
    for (let turns = 0; turns < 1000 && scene.messages('alice').length === 0; turns++) await turn();
    expect(ends).to.deep.equal(['commit']);
    expect(scene.messages('alice')).to.have.length(1);
  });
});

function bug(): never {
  throw new TypeError('a bug of a stage');
}
