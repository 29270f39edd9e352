import { parts } from '../support/maildrops.js';
import { sourceOf } from '../support/sources.js';
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { StoreError } from '../../src/store/errors.js';
import type { MailStore } from '../../src/store/store.js';
import { MemoryChannel, turn } from '../support/dialogue-channel.js';
import { beginPop3, type Options } from '../support/dialogue-faults.js';
import { changed, Stage } from '../support/dialogue-stage.js';

const MESSAGE = Buffer.from('X: y\r\nSubject: s\r\n\r\ntext\r\n');

describe('POP3', () => {
  let stage: Stage;
  before(
    async () =>
      (stage = await Stage.set([{ kind: 'account', name: 'alice', password: 'secret', messages: [MESSAGE, MESSAGE] }])),
  );
  after(() => stage.close());
  afterEach(() => MemoryChannel.dropAll());

  async function loggedIn(store: MailStore = stage.store, options: Options = {}) {
    const begun = beginPop3(store, options);
    begun.channel.send('USER alice\r\nPASS secret\r\n');
    for (let line = 0; line < 3; line++) expect(await begun.channel.line()).to.match(/^\+OK /);
    return begun;
  }

  /** The store itself, but for what reading a message does. */
  function reading(read: () => Iterable<Uint8Array>): MailStore {
    const { store } = stage;
    return changed(store, {
      async open(account, holder) {
        const maildrop = await store.open(account, holder);
        return { ...parts(maildrop), read: () => sourceOf(read()) };
      },
    });
  }

  it('answers a bug with [SYS/TEMP], says nothing of it, closes, and removes nothing', async () => {
    const { channel, bugs } = await loggedIn(
      reading(() => {
        throw new TypeError('secret text of a bug');
      }),
    );
    channel.send('DELE 2\r\nRETR 1\r\nNOOP\r\n');
    expect(await channel.line()).to.match(/^\+OK /);
    expect(await channel.line()).to.equal('-ERR [SYS/TEMP] Something went wrong here; closing, nothing was removed');
    expect(await channel.line()).to.equal(undefined);
    expect(channel.over).to.equal(true);
    expect(bugs).to.have.length(1);
    expect(stage.messages('alice')).to.have.length(2);
  });

  it('never ends a message that broke off as if it were whole', async () => {
    const { channel, bugs } = await loggedIn(
      reading(function* () {
        yield Buffer.from('X: y\r\n');
        throw new StoreError('missing', 'secret text of a short body');
      }),
    );
    channel.send('RETR 1\r\nNOOP\r\n');
    await channel.closed();
    expect(channel.said).to.equal(`+OK ${MESSAGE.length} octets\r\nX: y\r\n`);
    expect(bugs).to.have.length(1);
  });

  it('tells a session that is idle, and removes nothing', async () => {
    const { channel } = await loggedIn(stage.store, { hasty: true });
    channel.send('DELE 1\r\n');
    expect(await channel.line()).to.match(/^\+OK /);
    expect(await channel.line()).to.equal('-ERR Nothing heard for too long; closing, nothing was removed');
    expect(await channel.closed()).to.equal(true);
    expect(stage.messages('alice')).to.have.length(2);
  });

  it('tells a session before login that it stops, and lets one behind it finish', async () => {
    const fresh = beginPop3(stage.store);
    expect(await fresh.channel.line()).to.match(/^\+OK /);
    fresh.session.drain();
    expect(await fresh.channel.line()).to.equal('-ERR [SYS/TEMP] The server is stopping; try again in a moment');
    expect(fresh.channel.over).to.equal(true);

    await turn();
    const { channel, session } = await loggedIn();
    session.drain();
    channel.send('STAT\r\nQUIT\r\n');
    expect(await channel.line()).to.equal(`+OK 2 ${2 * MESSAGE.length}`);
    expect(await channel.line()).to.equal('+OK Bye');
    expect(await channel.closed()).to.equal(true);
  });

  it('says nothing into a message when it cuts', async () => {
    const piece = Buffer.alloc(64 * 1024, 'text\r\n');
    const { channel, session } = await loggedIn(reading(() => Array.from({ length: 100 }, () => piece)));
    channel.hasRoom = false;
    channel.send('RETR 1\r\n');
    session.cut();
    expect(await channel.line()).to.match(/^\+OK /);
    expect(await channel.closed()).to.equal(true);
    expect(channel.said).to.match(/^(?:text\r\n)+(?:te?x?t?\r?)$/);
  });

  it('keeps UIDL names from session to session, and counts what was retrieved', async () => {
    const names: string[] = [];
    for (let session = 0; session < 2; session++) {
      const { channel, counters } = await loggedIn();
      channel.send('UIDL 1\r\nUIDL 2\r\nRETR 1\r\nTOP 2 0\r\nQUIT\r\n');
      names.push(`${await channel.line()} ${await channel.line()}`);
      await channel.closed();
      expect(counters).to.deep.include({ retrieved: 1, octets: MESSAGE.length, removed: 0 });
    }
    expect(names[0]).to.equal(names[1]);
    expect(names[0]).to.match(/^\+OK 1 ([!-~]{1,70}) \+OK 2 (?!\1)[!-~]{1,70}$/);
  });

  it('frees a maildrop whose client went away while it logged in', async () => {
    const { channel } = beginPop3(stage.store);
    channel.send('USER alice\r\nPASS secret\r\n');
    channel.drop();
    for (let turns = 0; turns < 50; turns++) await turn();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const again = await loggedIn();
    again.channel.drop();
  });
});
