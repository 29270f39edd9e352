/**
 * Backups of an SQLite database: a copy under load holds all that was acknowledged before the moment it names, is sound, and comes
 * back by `restore`, which refuses while a store runs and deletes nothing.
 */
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { maintenance } from '../../src/store/sqlite/maintenance/maintenance.js';
import { replace } from '../../src/store/sqlite/maintenance/replacement.js';
import { at, deliver, envelopeTo, fails } from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const BEFORE = 200;
const OTHERS = 0o077;

function messageOf(number: number): Buffer {
  return Buffer.from(`Subject: number ${number}\r\n\r\n${'text\r\n'.repeat(500)}`);
}

describe('a backup of an SQLite database', function () {
  this.timeout(60_000);
  let directory = '';
  let db = '';
  let file = '';

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-backup-'));
    db = join(directory, 'mail.db');
    file = join(directory, 'backup.db');
    const store = await sqlite.open(db);
    await store.directory.addAccount(at('alice@localhost'), HASH);
    for (let number = 0; number < BEFORE; number++) await deliver(store, envelopeTo(1), messageOf(number));
    await store.close();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function subjects(path: string): readonly string[] {
    const connection = openConnection(path, { readonly: true });
    try {
      return connection.prepare<[], string>('select subject from mail order by number').pluck().all();
    } finally {
      connection.close();
    }
  }

  /** What lies beside it that was not asked for. */
  function leftovers(): readonly string[] {
    return readdirSync(directory).filter((name) => name.includes('partial') || name.includes('restoring'));
  }

  function damage(path: string): void {
    const bytes = readFileSync(path);
    for (let found = bytes.indexOf('text\r\n'); found !== -1; found = bytes.indexOf('text\r\n', found + 1))
      bytes[found] = 0x54;
    writeFileSync(path, bytes);
  }

  it('holds every message that was acknowledged before the moment it names, taken while mail comes in', async () => {
    const store = await sqlite.open(db);
    const acknowledged: { readonly subject: string; readonly atMs: number }[] = [];
    const state = { over: false };
    const load = Promise.all(
      [0, 1, 2, 3].map(async (sender) => {
        for (let sent = 0; !state.over; sent++) {
          const number = BEFORE + sender + 4 * sent;
          await deliver(store, envelopeTo(1), messageOf(number));
          acknowledged.push({ subject: `number ${number}`, atMs: Date.now() });
        }
      }),
    );
    const { atMs, isKept, report } = await maintenance.backUp(db, file);
    state.over = true;
    await load;
    await store.close();
    expect({ isKept, findings: report.findings }).to.deep.equal({ isKept: true, findings: [] });
    const held = new Set(subjects(file));
    const wanted = acknowledged.filter((each) => each.atMs < atMs);
    expect(wanted.filter(({ subject }) => !held.has(subject))).to.deep.equal([]);
    expect(held.size).to.be.at.least(BEFORE + wanted.length);
    expect(acknowledged.length).to.be.above(wanted.length);
  });

  it('is for its owner alone, and leaves nothing beside it', async () => {
    await maintenance.backUp(db, file);
    expect(statSync(file).mode & OTHERS).to.equal(0);
    expect(leftovers()).to.deep.equal([]);
  });

  it('replaces no directory, and says so before anything is copied', async () => {
    const steps: string[] = [];
    const options = { replaces: true, progress: (step: string) => void steps.push(step) };
    await fails('refused', maintenance.backUp(db, directory, options), /is a directory/);
    expect(steps).to.deep.equal([]);
  });

  it('replaces a file only when told, and what was left by a process that is gone', async () => {
    writeFileSync(file, 'mine');
    writeFileSync(`${file}.partial-999999999`, 'left');
    mkdirSync(`${file}.partial-999999998`);
    writeFileSync(`${file}.partial-notes`, 'mine');
    await fails('refused', maintenance.backUp(db, file), /is there already/);
    expect(readFileSync(file, 'utf8')).to.equal('mine');
    expect((await maintenance.backUp(db, file, { replaces: true })).isKept).to.equal(true);
    expect(subjects(file)).to.have.length(BEFORE);
    expect(leftovers()).to.have.members(['backup.db.partial-999999998', 'backup.db.partial-notes']);
  });

  it('of a damaged database is not kept, and what was there stays', async () => {
    writeFileSync(file, 'the last good one');
    damage(db);
    const { isKept, report } = await maintenance.backUp(db, file, { replaces: true });
    expect(isKept).to.equal(false);
    expect(report.findings).to.have.length(BEFORE);
    expect(readFileSync(file, 'utf8')).to.equal('the last good one');
    expect(leftovers()).to.deep.equal([]);
  });

  it('is refused onto the database itself, and of nothing', async () => {
    await fails('refused', maintenance.backUp(db, db, { replaces: true }), /is the database itself/);
    await fails('refused', maintenance.backUp(join(directory, 'none.db'), file), /There is no database/);
    symlinkSync(directory, join(directory, 'here'));
    linkSync(db, join(directory, 'again.db'));
    for (const name of ['here/mail.db', 'again.db'])
      await fails('refused', maintenance.backUp(db, join(directory, name), { replaces: true }), /the database itself/);
    for (const ending of ['-wal', '-shm', '.lock', '.sock', '.control-1', '.before-upgrade-13'])
      await fails('refused', maintenance.backUp(db, join(directory, `here/mail.db${ending}`)), /own files/);
    await fails('refused', maintenance.restore(db, join(directory, 'here/mail.db')), /is the database itself/);
  });

  it('comes back in the place of the database, which is kept', async () => {
    await maintenance.backUp(db, file);
    const store = await sqlite.open(db);
    await deliver(store, envelopeTo(1), messageOf(BEFORE));
    await fails('refused', maintenance.restore(db, file), /stop it first/);
    await store.close();
    const { isRestored, aside } = await maintenance.restore(db, file);
    expect(isRestored).to.equal(true);
    expect(subjects(db)).to.have.length(BEFORE);
    expect(subjects(aside ?? '')).to.have.length(BEFORE + 1);
    expect(existsSync(file)).to.equal(true);
    expect(leftovers()).to.deep.equal([]);
    expect((await maintenance.check(db)).findings).to.deep.equal([]);
  });

  /** As after a kill: the last that was written is in the WAL alone. */
  function leaveInWal(path: string, domain: string): void {
    const connection = openConnection(path);
    connection.pragma('journal_mode = wal'); // A copy is of no such mode until a store opens it.
    connection.pragma('wal_autocheckpoint = 0');
    connection.prepare('insert into domain (name) values (?)').run(domain);
    const [whole, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
    connection.close();
    writeFileSync(path, whole);
    writeFileSync(`${path}-wal`, wal);
  }

  function domains(path: string): readonly unknown[] {
    const reading = openConnection(path);
    const found = reading.prepare('select name from domain order by name').pluck().all();
    reading.close();
    return found;
  }

  it('keeps the WAL of a database that was not closed with it, and gives it to no other', async () => {
    await maintenance.backUp(db, file);
    leaveInWal(db, 'in-the-wal.example');
    const { aside = '' } = await maintenance.restore(db, file);
    expect(domains(db)).to.deep.equal(['localhost']);
    expect(domains(aside)).to.deep.equal(['in-the-wal.example', 'localhost']);
  });

  it('comes back with what its own WAL holds, and stays as it is', async () => {
    await maintenance.backUp(db, file);
    leaveInWal(file, 'in-the-wal.example');
    const wal = readFileSync(`${file}-wal`);
    expect((await maintenance.restore(db, file)).isRestored).to.equal(true);
    expect(existsSync(`${db}-wal`)).to.equal(false);
    expect(domains(db)).to.deep.equal(['in-the-wal.example', 'localhost']);
    expect(readFileSync(`${file}-wal`).equals(wal)).to.equal(true);
    expect(leftovers()).to.deep.equal([]);
  });

  it('is put under no WAL that was left alone, as by a restore that was killed', async () => {
    await maintenance.backUp(db, file);
    leaveInWal(db, 'in-the-wal.example');
    const [former, formerWal] = [join(directory, 'former.db'), join(directory, 'former.db-wal')];
    renameSync(db, former);
    await maintenance.restore(db, file);
    expect(domains(db)).to.deep.equal(['localhost']);
    expect((await maintenance.check(db)).findings).to.deep.equal([]);
    const aside = readdirSync(directory).find((name) => /before-restore-.*-wal$/.test(name)) ?? '';
    renameSync(join(directory, aside), formerWal);
    expect(domains(former)).to.deep.equal(['in-the-wal.example', 'localhost']);
  });

  it('moves what was there to a name of its own each time, however soon', async () => {
    await maintenance.backUp(db, file);
    const names = new Set<unknown>();
    for (let time = 0; time < 4; time++) {
      names.add((await maintenance.restore(db, file)).aside);
      leaveInWal(db, `time-${time}.example`);
    }
    expect([...names].filter((name) => existsSync(String(name)))).to.have.length(4);
    expect([...names].map((name) => domains(String(name)).length)).to.have.members([1, 2, 2, 2]);
  });

  it('leaves the database whole under its name when it is broken off before the copy has it', async () => {
    leaveInWal(db, 'in-the-wal.example');
    await replace(db, join(directory, 'gone.db'), 'restore').catch(() => undefined);
    expect(domains(db)).to.deep.equal(['in-the-wal.example', 'localhost']);
  });

  it('broken off over a database that cannot take its WAL in, lets no server begin an empty one, and goes on', async () => {
    await maintenance.backUp(db, file);
    leaveInWal(db, 'in-the-wal.example');
    const wal = readFileSync(`${db}-wal`);
    writeFileSync(db, 'no database'.repeat(1000));
    await replace(db, join(directory, 'gone.db'), 'restore').catch(() => undefined);
    const aside = readdirSync(directory).find((name) => /before-restore-\w+$/.test(name)) ?? '';
    expect(readFileSync(join(directory, `${aside}-wal`)).equals(wal)).to.equal(true);
    await fails('unavailable', sqlite.open(db), /mail\.db is missing or empty/);
    const notWal = readFileSync(`${db}-wal`);
    expect(await maintenance.restore(db, file)).to.deep.include({ isRestored: true });
    expect(domains(db)).to.deep.equal(['localhost']);
    writeFileSync(`${db}-wal`, notWal); // Broken off before it was removed.
    await (await sqlite.open(db)).close();
    expect(subjects(db)).to.have.length(BEFORE);
  });

  it('that is damaged, or missing, is not restored', async () => {
    await maintenance.backUp(db, file);
    damage(file);
    expect(await maintenance.restore(db, file)).to.deep.include({ isRestored: false, aside: undefined });
    await fails('refused', maintenance.restore(db, join(directory, 'none.db')), /There is no database/);
    expect(subjects(db)).to.have.length(BEFORE);
  });

  it('comes into an empty place', async () => {
    await maintenance.backUp(db, file);
    const other = join(directory, 'other.db');
    expect(await maintenance.restore(other, file)).to.deep.include({ isRestored: true, aside: undefined });
    expect(subjects(other)).to.have.length(BEFORE);
  });
});
