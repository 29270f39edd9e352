/** Mail that was removed, on the command line: what is listed, what comes back, and what is said when nothing can. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openForWriting } from '../../src/store/sqlite/database/database.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { deliver, envelopeTo } from '../store/contract.js';
import { pennypost } from './pennypost.js';

const ALICE = 'alice@localhost';

interface Removed {
  readonly number: number;
  readonly subject: string;
  readonly client: string;
}

describe('removed mail on the command line', () => {
  let directory = '';

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-removed-'));
    await done('account', 'add', ALICE, '--password', 'secret words here');
    for (const subject of ['one', 'two', 'three']) {
      await writeFile(join(directory, 'message'), `Subject: ${subject}\n\ntext\n`);
      await done('mail', 'send', ALICE, '--file', 'message');
    }
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function done(...typed: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await pennypost(typed, { directory });
    expect({ status, stderr }, typed.join(' ')).to.deep.equal({ status: 0, stderr: '' });
    return stdout;
  }

  async function refused(status: number, message: RegExp, ...typed: readonly string[]): Promise<void> {
    const ended = await pennypost(typed, { directory });
    expect({ status: ended.status, stderr: ended.stderr }, typed.join(' ')).to.include({ status });
    expect(ended.stderr).to.match(message);
  }

  async function subjects(command: 'list' | 'removed' = 'list'): Promise<readonly string[]> {
    return (JSON.parse(await done('mail', command, ALICE, '--json')) as readonly Removed[]).map(
      ({ subject }) => subject,
    );
  }

  it('is listed with its number and comes back by it, as the newest', async () => {
    expect(await done('mail', 'delete', ALICE, '3', '1')).to.match(/^Removed 2 messages of alice@localhost; /);
    expect(await subjects()).to.deep.equal(['two']);
    expect(await done('mail', 'removed', ALICE)).to.match(
      /^restore number +removed +by +received +octets +from +subject\n/,
    );
    const [one, three] = JSON.parse(await done('mail', 'removed', ALICE, '--json')) as readonly Removed[];
    expect([one?.subject, three?.subject, one?.client]).to.deep.equal(['one', 'three', 'an administrator']);
    expect(await done('mail', 'restore', ALICE, String(one?.number))).to.equal(
      'Restored 1 message of alice@localhost, as the newest.\n',
    );
    expect(await subjects()).to.deep.equal(['two', 'one']);
    expect(await subjects('removed')).to.deep.equal(['three']);
    await refused(1, /Nothing was restored; 'pennypost mail removed/, 'mail', 'restore', ALICE, String(one?.number));
  });

  it('comes back since a moment, or to one', async () => {
    await done('mail', 'delete', ALICE, '2');
    const before = new Date(Date.now() + 1).toISOString();
    await done('mail', 'delete', ALICE, '1');
    expect(await done('mail', 'restore', ALICE, '--to', before)).to.equal('Restored 1 message of alice@localhost.\n');
    expect(await subjects()).to.deep.equal(['one', 'three']);
    await done('mail', 'restore', ALICE, '--since', '1h');
    expect(await subjects()).to.deep.equal(['one', 'three', 'two']);
  });

  it('stays where it is without room in the quota, and while a session is open', async () => {
    await done('mail', 'delete', ALICE, '1', '2');
    const before = '2000-01-01 00:00Z';
    await done('account', 'quota', ALICE, '100');
    await refused(1, /quota has no room/, 'mail', 'restore', ALICE, '--since', before);
    await refused(1, /quota has no room/, 'mail', 'restore', ALICE, '--to', before);
    await done('account', 'quota', ALICE, 'none');
    const store = await sqlite.open(join(directory, 'mail.db'));
    const held = await store.open(1, { from: '192.0.2.7 pop3-1' });
    try {
      const open = /alice@localhost is open in a session of 192\.0\.2\.7 pop3-1; try again/;
      await refused(1, open, 'mail', 'restore', ALICE, '--to', before);
      await refused(1, open, 'mail', 'delete', ALICE, '1');
    } finally {
      await held.release();
      await store.close();
    }
    expect(await subjects()).to.deep.equal(['three']);
  });

  for (const [options, said] of [
    [{ keepRemovedMs: 0 }, /^Removed 1 message of alice@localhost for good: --keep-removed is 0s\.\n$/],
    [{ minFreeBytes: 2 ** 52 }, /^Removed 1 message of alice@localhost for good: the disk is nearly full, /],
  ] as const)
    it(`is not said to be kept by a store with ${Object.keys(options).join()}`, async () => {
      const silent = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };
      const server = await sqlite.start(join(directory, 'mail.db'), silent, options);
      try {
        expect(await done('mail', 'delete', ALICE, '1')).to.match(said);
      } finally {
        await server?.close();
      }
    });

  it('is said to be restored in part, whatever the rest met', async () => {
    const store = await sqlite.open(join(directory, 'mail.db'));
    for (let count = 3; count < 502; count++)
      await deliver(store, envelopeTo(1), Buffer.from(`Subject: ${count}\r\n\r\n`));
    await store.removedMail.removeMail({ local: 'alice', domain: 'localhost' }, [[1, 502]]);
    await store.close();
    const connection = openForWriting(join(directory, 'mail.db'));
    connection.exec(`create trigger broken before update of uid on message when old.id > 500
                     begin select raise(abort, 'broken'); end`);
    connection.close();
    const ended = await pennypost(['mail', 'restore', ALICE, '--since', '1h'], { directory });
    expect(ended.stderr).to.match(/^pennypost: Restored 500 messages, and not the others: /);
    expect(ended.status).to.be.above(0);
    expect(await subjects()).to.have.length(500);
  });

  it('is asked for in words that are understood, or nothing is done', async () => {
    await refused(64, /numbers, or --since, or --to/, 'mail', 'restore', ALICE);
    await refused(64, /numbers, or --since, or --to/, 'mail', 'restore', ALICE, '1', '--since', '1h');
    await refused(64, /'yesterday' is no moment; one looks like 2h/, 'mail', 'restore', ALICE, '--since', 'yesterday');
    await refused(64, /no moment that is past/, 'mail', 'restore', ALICE, '--to', '2999-01-01');
    await refused(64, /no moment/, 'mail', 'restore', ALICE, '--to', '2026-13-01 10:00');
    await refused(1, /There is no message 4/, 'mail', 'delete', ALICE, '1', '4');
    await refused(1, /There is no account bob@localhost/, 'mail', 'removed', 'bob@localhost');
    expect(await subjects()).to.deep.equal(['one', 'two', 'three']);
  });
});
