/** How many maildrops the paths of one transaction may lead to, and how long they may be together, whoever chose the paths. */
import { expect } from 'chai';
import { sqlite } from '../../src/store/sqlite/driver.js';
import type { MailStore } from '../../src/store/store.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryChannel } from '../support/dialogue-channel.js';
import { beginSmtp } from '../support/dialogue-faults.js';

const MEMBERS = 1000;
const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';

describe('a transaction of SMTP', () => {
  let directory = '';
  let store: MailStore;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-expansion-'));
    store = await sqlite.open(join(directory, 'mail.db'));
    const members = Array.from({ length: MEMBERS }, (_, index) => ({ local: `m${index}`, domain: 'example.org' }));
    await Promise.all(members.map((member) => store.directory.addAccount(member, HASH)));
    await store.directory.addAlias({ local: 'list', domain: 'example.org' }, members);
  });

  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(() => MemoryChannel.dropAll());

  async function replyTo(channel: MemoryChannel, line: string): Promise<string> {
    channel.send(`${line}\r\n`);
    return (await channel.line()) ?? '';
  }

  it('leads to two thousand maildrops at most; the rest is asked for in another, and nobody is thrown out', async () => {
    const { channel, bugs } = beginSmtp(store);
    await channel.line();
    await replyTo(channel, 'HELO client.example');
    await replyTo(channel, 'MAIL FROM:<>');
    const told = [];
    for (let detail = 0; detail < 40; detail++)
      told.push(await replyTo(channel, `RCPT TO:<list+${detail}@example.org>`));
    expect(told.map((line) => line.slice(0, 9))).to.deep.equal([
      ...Array.from({ length: 2 }, () => '250 2.1.5'),
      ...Array.from({ length: 38 }, () => '452 4.5.3'),
    ]);
    expect(await replyTo(channel, 'DATA')).to.match(/^354 /);
    expect(await replyTo(channel, 'Subject: x\r\n\r\ny\r\n.')).to.match(/^250 2\.0\.0/);
    expect(bugs).to.deep.equal([]);
    const held = await store.mailboxes.countMail({ local: 'm999', domain: 'example.org' });
    expect(held).to.equal(1); // Once, though two paths led there.
    await replyTo(channel, 'MAIL FROM:<>');
    expect(await replyTo(channel, 'RCPT TO:<list@example.org>')).to.match(/^250 /);
  });

  it('has paths of 256,000 octets at most, which wait in memory; the rest is asked for in another', async () => {
    const { channel, bugs } = beginSmtp(store);
    await channel.line();
    await replyTo(channel, 'HELO client.example');
    await replyTo(channel, 'MAIL FROM:<>');
    const path = `m1+${'x'.repeat(1985)}@example.org`;
    const told = [];
    for (let number = 0; number < 130; number++) told.push(await replyTo(channel, `RCPT TO:<${path}>`));
    expect(path).to.have.length(2000);
    expect(told.slice(0, 128).every((line) => line.startsWith('250 2.1.5'))).to.equal(true);
    expect(told.slice(128).every((line) => line.startsWith('452 4.5.3'))).to.equal(true);
    expect(await replyTo(channel, 'DATA')).to.match(/^354 /);
    expect(await replyTo(channel, 'Subject: x\r\n\r\ny\r\n.')).to.match(/^250 2\.0\.0/);
    await replyTo(channel, 'MAIL FROM:<>');
    expect(await replyTo(channel, `RCPT TO:<${path}>`)).to.match(/^250 /);
    expect(bugs).to.deep.equal([]);
  });

  it('tells the sender to try again where an alias leads to more than one path may', async () => {
    const { directory: names } = store;
    await names.addAccount({ local: 'one-more', domain: 'example.org' }, HASH);
    await names.addAlias({ local: 'half', domain: 'example.org' }, [{ local: 'm1', domain: 'example.org' }]);
    await names.addAlias({ local: 'all', domain: 'example.org' }, [
      { local: 'list', domain: 'example.org' },
      { local: 'half', domain: 'example.org' },
    ]);
    await names.addAlias({ local: 'half', domain: 'example.org' }, [{ local: 'one-more', domain: 'example.org' }]);
    const { channel } = beginSmtp(store);
    await channel.line();
    await replyTo(channel, 'HELO client.example');
    await replyTo(channel, 'MAIL FROM:<>');
    expect(await replyTo(channel, 'RCPT TO:<all@example.org>')).to.match(/^451 4\.3\.5 <all@example\.org> /);
    expect(await replyTo(channel, 'RCPT TO:<list@example.org>')).to.match(/^250 /);
  });
});
