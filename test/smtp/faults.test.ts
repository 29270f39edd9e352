import { expect } from 'chai';
import { StoreError, type StoreErrorKind } from '../../src/store/errors.js';
import type { MailStore } from '../../src/store/store.js';
import { MemoryChannel, turn } from '../support/dialogue-channel.js';
import { beginSmtp, type Options } from '../support/dialogue-faults.js';
import { changed, Stage } from '../support/dialogue-stage.js';

describe('SMTP', () => {
  let stage: Stage;
  before(async () => (stage = await Stage.set([{ kind: 'account', name: 'alice', password: 'secret', messages: [] }])));
  after(() => stage.close());
  afterEach(() => MemoryChannel.dropAll());
  afterEach(() => stage.reset());

  /** Greeted, and all of that taken from the channel. */
  async function greeted(store: MailStore = stage.store, options: Options = {}) {
    const begun = beginSmtp(store, options);
    begun.channel.send(`${options.isLmtp === true ? 'LHLO' : 'HELO'} client.example\r\n`);
    expect(await begun.channel.line()).to.match(/^220 /);
    while ((await begun.channel.line())?.startsWith('250-') === true);
    return begun;
  }

  async function inTransaction() {
    const begun = await greeted();
    begun.channel.send('MAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\n');
    expect(await begun.channel.line()).to.match(/^250 /);
    expect(await begun.channel.line()).to.match(/^250 /);
    return begun;
  }

  it('answers a bug with 421 4.3.0, says nothing of it, and closes', async () => {
    const store = changed(stage.store, {
      resolve: () => {
        throw new TypeError('secret text of a bug');
      },
    });
    const { channel, bugs } = await greeted(store);
    channel.send('MAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nNOOP\r\n');
    expect(await channel.line()).to.match(/^250 /);
    expect(await channel.line()).to.equal('421 4.3.0 Something went wrong here; closing');
    expect(await channel.line()).to.equal(undefined);
    expect(channel.over).to.equal(true);
    expect(bugs).to.have.length(1);
  });

  it('tells a session that is idle 421 4.4.2', async () => {
    const { channel } = await greeted(stage.store, { hasty: true });
    expect(await channel.line()).to.equal('421 4.4.2 Nothing heard for too long; closing');
    expect(await channel.closed()).to.equal(true);
  });

  it('tells a session without a transaction 421 4.3.2 when it stops', async () => {
    const { channel, session } = await greeted();
    session.drain();
    expect(await channel.line()).to.equal('421 4.3.2 The server is stopping; try again in a moment');
    expect(channel.over).to.equal(true);
    const fresh = beginSmtp(stage.store);
    fresh.session.drain();
    expect(await fresh.channel.line()).to.match(/^220 /);
    expect(await fresh.channel.line()).to.match(/^421 4\.3\.2 /);
  });

  it('lets a transaction finish when it stops, its commit too', async () => {
    const { channel, session } = await inTransaction();
    session.drain();
    channel.send('DATA\r\n');
    expect(await channel.line()).to.match(/^354 /);
    channel.send('Subject: x\r\n.\r\n');
    expect(channel.said).to.equal('');
    expect(await channel.line()).to.match(/^250 2\.0\.0 Accepted/);
    expect(await channel.line()).to.match(/^421 4\.3\.2 /);
    expect(channel.over).to.equal(true);
    expect(stage.messages('alice')).to.have.length(1);
  });

  it('lets chunks finish when it stops', async () => {
    const { channel, session } = await inTransaction();
    channel.send('BDAT 3\r\none');
    expect(await channel.line()).to.match(/^250 /);
    session.drain();
    expect(channel.over).to.equal(false);
    channel.send('BDAT 0 LAST\r\n');
    expect(await channel.line()).to.match(/^250 2\.0\.0 Accepted/);
    expect(await channel.line()).to.match(/^421 4\.3\.2 /);
  });

  it('gives a message up when its patience ends, and nothing of it is there', async () => {
    const { channel, session } = await inTransaction();
    channel.send('DATA\r\nSubject: x\r\n');
    expect(await channel.line()).to.match(/^354 /);
    session.cut();
    expect(await channel.line()).to.match(/^421 4\.3\.2 /);
    await turn();
    expect(stage.messages('alice')).to.have.length(0);
  });

  it('commits a message whose client went away after its last dot, and counts it', async () => {
    const { channel, counters } = await inTransaction();
    channel.send('DATA\r\nSubject: x\r\n.\r\n');
    channel.drop();
    for (let turns = 0; turns < 1000 && stage.messages('alice').length === 0; turns++) await turn();
    expect(stage.messages('alice')).to.have.length(1);
    await turn();
    expect(counters).to.deep.include({ accepted: 1, refused: 0, octets: 12 });
  });

  /** The store itself, and how its deliveries ended. */
  function watched() {
    const ends: string[] = [];
    const store = changed(stage.store, {
      deliver(envelope) {
        const delivery = stage.store.deliver(envelope);
        return {
          write: (chunk) => delivery.write(chunk),
          commit: () => (ends.push('commit'), delivery.commit()),
          abort: () => (ends.push('abort'), delivery.abort()),
        };
      },
    });
    return { store, ends };
  }

  const BEGUN = 'HELO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\n';
  for (const [what, said, leaves] of [
    ['RSET between chunks', 'BDAT 3\r\noneRSET\r\nNOOP\r\n', false],
    ['HELO between chunks', 'BDAT 3\r\noneHELO x\r\nNOOP\r\n', false],
    ['EHLO between chunks', 'BDAT 3\r\noneEHLO x\r\nNOOP\r\n', false],
    ['QUIT between chunks', 'BDAT 3\r\noneQUIT\r\n', false],
    ['a drop between chunks', 'BDAT 3\r\none', true],
    ['a drop inside a first chunk', 'BDAT 30\r\none', true],
    ['a drop inside a second chunk', 'BDAT 3\r\noneBDAT 30\r\ntwo', true],
    ['a drop inside DATA', 'DATA\r\nSubject: x\r\n', true],
    ['too much inside DATA', `DATA\r\n${'x'.repeat(2000)}\r\n.\r\n`, true],
    ['a bare newline', 'DATA\r\none\ntwo\r\n.\r\n', true],
    ['too many errors between chunks', `BDAT 3\r\none${'XYZZY\r\n'.repeat(21)}`, false],
  ] as const)
    it(`gives the store its message back after ${what}, once`, async () => {
      const { store, ends } = watched();
      const { channel } = beginSmtp(store);
      channel.send(BEGUN);
      channel.send(said);
      await turn();
      if (leaves) channel.drop();
      await turn();
      expect(ends).to.deep.equal(['abort']);
      expect(stage.messages('alice')).to.have.length(0);
    });

  it('commits a message once, and never gives it back', async () => {
    const { store, ends } = watched();
    const { channel } = beginSmtp(store);
    channel.send(`${BEGUN}BDAT 3\r\noneBDAT 5 LAST\r\ntwo\r\nQUIT\r\n`);
    expect(await channel.closed()).to.equal(true);
    await turn();
    expect(ends).to.deep.equal(['commit']);
    expect(stage.messages('alice')).to.have.length(1);
  });

  describe('a report of success that cannot be stored', () => {
    /** The message is stored; of what comes then so much fails so. */
    async function answerWhere(kind: StoreErrorKind, failures = Infinity) {
      let messages = 0;
      const store = changed(stage.store, {
        deliver(envelope) {
          const delivery = stage.store.deliver(envelope);
          if (++messages === 1 || messages > 1 + failures) return delivery;
          const commit = () => Promise.reject(new StoreError(kind, 'secret text of the failure'));
          return { write: (chunk) => delivery.write(chunk), commit, abort: () => delivery.abort() };
        },
      });
      const { channel, untold } = await greeted(store, { outbound: 'relay', isLmtp: true });
      channel.send('MAIL FROM:<alice@example.org>\r\nRCPT TO:<alice@example.org> NOTIFY=SUCCESS\r\nDATA\r\n');
      for (let lines = 0; lines < 3; lines++) await channel.line();
      channel.send('Subject: x\r\n\r\n.\r\n');
      return { answer: await channel.line(), tried: messages - 1, untold };
    }

    for (const kind of ['unavailable', 'busy', 'full'] as const)
      it(`for now (${kind}) is tried again before the answer`, async () => {
        expect((await answerWhere(kind, 2)).answer).to.match(/^250 2\.1\.5 /);
        expect(stage.messages('alice')).to.have.length(2);
      });

    it('for long makes no message come again: it is there, and the log says that nobody was told', async () => {
      const { answer, tried, untold } = await answerWhere('unavailable');
      expect(answer).to.match(/^250 2\.1\.5 /);
      expect(tried).to.be.above(2);
      expect(untold).to.have.length(1);
      expect(stage.messages('alice')).to.have.length(1);
    });

    for (const kind of ['over-quota', 'over-quota-meanwhile', 'missing'] as const)
      it(`because its reader cannot take it (${kind}) keeps nobody's message back`, async () => {
        const { answer, tried, untold } = await answerWhere(kind);
        expect(answer).to.match(/^250 2\.1\.5 /);
        expect([tried, untold.length]).to.deep.equal([1, 0]);
      });
  });
});
