/**
 * What commands say of a database that is damaged, or that cannot be opened: a sentence and status 69, never a bug; and what still can be read
 * is read. Each page is overwritten in turn, in several ways, and the file is cut, replaced and locked away.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { explainFailure } from '../../src/cli/exit.js';
import { withExistingStore, type Administration } from '../../src/cli/storage.js';
import { moment } from '../../src/cli/terminal.js';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { eventually } from '../support/eventually.js';
import { smtpSession } from '../support/mail-clients.js';
import { itNeeds } from '../support/programs.js';
import { Server } from '../support/server.js';
import { brokenDisk } from '../support/slow-disk.js';
import { allPieces } from '../support/sources.js';
import { pennypost, type Ended } from './pennypost.js';

const PAGE = 4096;
/** In a leaf of an index: where the pointers to its cells begin. */
const FIRST_CELL = 8;
const ALICE = { local: 'alice', domain: 'localhost' };
const TIMEOUT_MS = 120_000;

/** Everything that a command asks of the store, but for changes. */
async function look({ directory, mailboxes }: Administration): Promise<void> {
  for (
    let page = await directory.listAccounts();
    page.length > 0;
    page = await directory.listAccounts(page.at(-1)?.address)
  )
    for (const { createdAtMs, lastDeliveryAtMs, lastLoginAtMs } of page)
      for (const at of [createdAtMs, lastDeliveryAtMs, lastLoginAtMs]) moment(at);
  await directory.listDomains();
  await directory.listAliases();
  await mailboxes.countMail(ALICE);
  for (const { lastUsedAtMs, createdAtMs } of await directory.listCredentials(ALICE))
    [moment(lastUsedAtMs), moment(createdAtMs)];
  for (const { id, number, receivedAtMs } of await mailboxes.listMail(ALICE)) {
    moment(receivedAtMs);
    await mailboxes.findMail(ALICE, number);
    await allPieces(mailboxes.readMail(ALICE, id));
  }
}

/** Changes of every kind, each for itself: one that fails does not keep the next from being tried. */
const changes: readonly ((store: Administration) => Promise<void>)[] = [
  ({ directory }) => directory.addAccount({ local: 'new', domain: 'localhost' }, 'x'),
  ({ directory }) => directory.addAlias({ local: 'more', domain: 'localhost' }, [ALICE]),
  ({ directory }) => directory.setQuota(ALICE, { octets: 1000 }),
  ({ directory }) => directory.removeCredential(ALICE, 'phone'),
  ({ directory }) => directory.removeAccount(ALICE),
];

async function statusOf(act: () => Promise<unknown>): Promise<{ status: number; lines: readonly string[] }> {
  try {
    await act();
    return { status: 0, lines: [] };
  } catch (error) {
    return explainFailure(error, '');
  }
}

type Damage = (page: Buffer, number: number, whole: Buffer) => void;

const damages: Readonly<Record<string, Damage>> = {
  'full of zeros': (page) => page.fill(0),
  'full of ones': (page) => page.fill(0xff),
  'of noise': (page, number) => page.forEach((_, at) => (page[at] = (at * 2654435761 + number * 40503) >>> 11)),
  'that is another': (page, number, whole) => whole.copy(page, 0, ((number * 7) % (whole.length / PAGE)) * PAGE),
  'with a torn second half': (page) => page.fill(0x61, PAGE / 2),
  'with other cells': (page) => page.fill(0, 8, 60),
};

describe('a damaged database', function () {
  this.timeout(TIMEOUT_MS);
  let directory: string;
  let sound: string;
  let db: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-damage-'));
    sound = join(directory, 'sound.db');
    db = join(directory, 'mail.db');
    const options = { directory, environment: { PENNYPOST_DB: sound } };
    const input = 'correct horse battery';
    await pennypost(['account', 'add', 'alice@localhost', '--password-stdin'], { ...options, input });
    await pennypost(['account', 'credential', 'add', 'alice@localhost', 'phone'], options);
    await pennypost(['alias', 'add', 'sales@localhost', 'alice@localhost'], options);
    const message = `Subject: x\r\n\r\n${'text\r\n'.repeat(2000)}`;
    for (let sent = 0; sent < 3; sent++)
      await pennypost(['mail', 'send', 'alice@localhost'], { ...options, input: message });
    const connection = openConnection(sound);
    connection.pragma('wal_checkpoint(TRUNCATE)');
    connection.close();
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function put(change: (whole: Buffer) => void = () => undefined): void {
    for (const ending of ['', '-wal', '-shm', '.lock', '.sock'])
      rmSync(`${db}${ending}`, { recursive: true, force: true });
    const whole = readFileSync(sound);
    change(whole);
    writeFileSync(db, whole);
  }

  let environment: Readonly<Record<string, string>> = {};
  beforeEach(() => (environment = {}));

  function run(...argv: readonly string[]): Promise<Ended> {
    return pennypost(argv, { directory, environment: { PENNYPOST_DB: db, ...environment } });
  }

  function rootOf(name: string): number {
    const connection = openConnection(sound, { readonly: true });
    const find = connection.prepare<[string], number>('select rootpage from sqlite_schema where name = ?').pluck();
    const root = find.get(name) as number;
    connection.close();
    return root;
  }

  const some: readonly (readonly string[])[] = [
    ['account', 'list'],
    ['mail', 'list', 'alice@localhost'],
    ['mail', 'send', 'alice@localhost'],
  ];
  const every: readonly (readonly string[])[] = [
    ...some,
    ['mail', 'show', 'alice@localhost', '1'],
    ['alias', 'list'],
    ['domain', 'list'],
    ['account', 'credential', 'list', 'alice@localhost'],
    ['account', 'quota', 'alice@localhost', '1GiB'],
    ['account', 'remove', 'alice@localhost', '--yes'],
  ];

  /** @returns what those said that could not do it */
  async function complaints(commands: readonly (readonly string[])[]): Promise<readonly string[]> {
    const said: string[] = [];
    for (const argv of commands) {
      const { status, stderr } = await run(...argv);
      expect(stderr, argv.join(' ')).to.not.match(/bug|\n\s+at /);
      expect(status, `${argv.join(' ')}: ${stderr}`).to.be.oneOf([0, 69]);
      if (status === 69) said.push(stderr);
    }
    return said;
  }

  for (const [what, damage] of Object.entries(damages))
    it(`with a page ${what}: nothing that is asked is a bug`, async () => {
      const pages = statSync(sound).size / PAGE;
      let failed = 0;
      for (let number = 0; number < pages; number++) {
        put((whole) => damage(whole.subarray(number * PAGE, (number + 1) * PAGE), number, whole));
        for (const act of [look, ...(number % 3 === 0 ? changes : [])]) {
          const { status, lines } = await statusOf(() => withExistingStore(db, act));
          expect(status, `page ${number}: ${lines.join('\n')}`).to.be.oneOf([0, 1, 69]);
          if (status === 69) failed += 1;
        }
      }
      expect(failed).to.be.above(pages / 4);
    });

  it('that is cut short is said to be damaged, by every command', async () => {
    put();
    truncateSync(db, Math.floor(statSync(db).size / PAGE / 2) * PAGE);
    const said = await complaints(every);
    expect(said).to.have.length.above(1);
    for (const sentence of said) expect(sentence).to.match(/^pennypost: .*\bdamaged \(.*restore a backup.*\n$/);
  });

  it('whose list of domains leads back to itself has an end', async () => {
    put((whole) => {
      const page = (rootOf('sqlite_autoindex_domain_1') - 1) * PAGE;
      whole.fill(0, page + FIRST_CELL, page + FIRST_CELL + 2);
    });
    for (const argv of [
      ['domain', 'list'],
      ['domain', 'list', '--json'],
      ['account', 'list'],
      ['alias', 'list'],
    ]) {
      const { status, stderr } = await run(...argv);
      expect(stderr, argv.join(' ')).to.match(/^(?:pennypost: .*\bdamaged \(.*restore a backup.*\n)?$/);
      expect(status, argv.join(' ')).to.be.oneOf(argv[0] === 'domain' ? [69] : [0, 69]);
    }
  });

  for (const [what, change] of [
    ['a page of its schema', (whole: Buffer) => whole.fill(0, 100, PAGE)],
    ['a header', (whole: Buffer) => whole.fill(0, 0, 100)],
    ['a sound header', (whole: Buffer) => whole.fill(0xff, 16, 100)],
    ['a size of its pages', (whole: Buffer) => whole.writeUInt16BE(7, 16)],
  ] as const)
    it(`without ${what} is refused`, async () => {
      put((whole) => change(whole));
      expect(await complaints(some)).to.have.length(some.length);
    });

  it('with garbage for a WAL and its index is read and written without them', async () => {
    put();
    writeFileSync(`${db}-wal`, Buffer.alloc(100_000, 0x5a));
    writeFileSync(`${db}-shm`, Buffer.alloc(32_768, 0x5a));
    expect(await complaints(every)).to.deep.equal([]);
  });

  for (const [what, make, says] of [
    ['a directory', () => mkdirSync(db), /is a directory/],
    ['a link to itself', () => symlinkSync(db, db), /ELOOP|too many/],
    ['no database', () => copyFileSync(process.execPath, db), /is no SQLite database/],
  ] as const)
    it(`that is ${what} is refused`, async () => {
      put();
      rmSync(db);
      make();
      const said = await complaints(some);
      expect(said).to.have.length(some.length);
      for (const sentence of said) expect(sentence).to.match(says);
    });

  for (const [page, says] of [
    [1, /Cannot read .*EIO|disk I\/O error/],
    [2, /disk I\/O error|is damaged \(.*look at the disk/],
  ] as const)
    itNeeds(['cc'], `on a disk that does not give page ${page} and what follows is refused`, async () => {
      put();
      environment = await brokenDisk(directory, page);
      const said = await complaints(some);
      expect(said).to.have.length(some.length);
      for (const sentence of said) expect(sentence).to.match(says);
    });
});

describe('a server on a damaged database', function () {
  this.timeout(TIMEOUT_MS);

  it('that it cannot read does not start, and says so in a sentence', async () => {
    const server = await Server.start({ workers: 1 });
    await server.stop();
    await server.release({ keep: true });
    const whole = readFileSync(server.db);
    const connection = openConnection(server.db, { readonly: true });
    const root = connection
      .prepare("select rootpage from sqlite_schema where name = 'account'")
      .pluck()
      .get() as number;
    connection.close();
    for (const [from, to] of [
      [100, PAGE],
      [(root - 1) * PAGE, root * PAGE],
    ] as const) {
      writeFileSync(server.db, Buffer.from(whole).fill(0x61, from, to));
      const broken = await Server.launch({ like: server, workers: 1 });
      expect((await broken.end()).status).to.be.oneOf([69, 78]);
      expect(broken.stderr).to.match(/^pennypost: .*\bdamaged \(.*restore a backup.*\n$/);
      expect(broken.stdout).to.not.match(/\bat .*\.js/);
      await broken.release({ keep: true });
    }
    rmSync(server.directory, { recursive: true });
  });

  it('that is damaged while it runs goes on, refuses what it cannot do, and says why', async () => {
    const first = await Server.start({ workers: 1 });
    await first.stop(); // Which moves the WAL: its pages would mend the file.
    await first.release({ keep: true });
    const server = await Server.start({ like: first });
    const store = (await server.status()).store?.pid as number;
    writeFileSync(server.db, readFileSync(server.db).fill(0x61, PAGE), { flag: 'r+' });
    process.kill(store, 'SIGKILL');
    await eventually('the log to say it', () => server.stdout.includes('the store did not start'), TIMEOUT_MS);
    expect(server.stdout).to.match(/"why":"[^"]*is damaged [^"]*restore a backup/);
    const client = await smtpSession(server.smtpPort);
    expect((await client.command('MAIL FROM:<>')).code).to.equal(451);
    client.destroy();
    expect(server.logs).to.not.match(/^\s+at /m);
    expect((await server.stop()).status).to.equal(0);
    await server.release();
  });
});
