/** Whose a file is: only an empty one becomes ours, one of another program is left byte for byte, ours of every age is known. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { APPLICATION_ID } from '../../src/store/sqlite/database/identification.js';
import { openConnection, type Connection } from '../../src/store/sqlite/database/driver.js';
import { ROOT } from '../support/server.js';
import { failure } from './contract.js';

const MIGRATIONS = join(ROOT, 'db', 'sqlite');

function made(path: string, sql: string): string {
  const connection = openConnection(path);
  connection.exec(sql);
  connection.close();
  return path;
}

/** As it was made before there was an application id: with so many of the migrations, and in WAL mode. */
function older(path: string, version: number): Connection {
  const connection = openConnection(path);
  connection.pragma('auto_vacuum = INCREMENTAL');
  connection.pragma('journal_mode = wal');
  connection.pragma('wal_autocheckpoint = 0');
  for (const name of readdirSync(MIGRATIONS).toSorted().slice(0, version))
    connection.exec(`begin; ${readFileSync(join(MIGRATIONS, name), 'utf8')}; commit`);
  connection.pragma(`user_version = ${version}`);
  connection.exec("insert into domain (id, name) values (1, 'localhost')");
  return connection;
}

function applicationId(db: string): unknown {
  const connection = openConnection(db, { readonly: true });
  try {
    return connection.pragma('application_id', { simple: true });
  } finally {
    connection.close();
  }
}

/** Names, sizes, modes, times and contents: whatever would show that somebody was there. */
function picture(directory: string): unknown {
  return readdirSync(directory).map((name) => {
    const path = join(directory, name);
    const { size, mode, mtimeMs } = statSync(path);
    return [name, size, mode, mtimeMs, statSync(path).isFile() ? readFileSync(path, 'base64') : ''];
  });
}

describe('a database file', () => {
  let directory: string;
  let db: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-whose-'));
    db = join(directory, 'mail.db');
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const refused: Readonly<Record<string, readonly [make: () => void, says: RegExp]>> = {
    'with tables of its own': [() => made(db, 'create table t (x)'), /another program/],
    'in WAL mode': [() => made(db, 'pragma journal_mode = wal; create table t (x)'), /another program/],
    'with the names of some of our tables and a version that we know': [
      () => made(db, 'create table message (x); create table account (x); pragma user_version = 1'),
      /another program/,
    ],
    'with an application id': [
      () => made(db, 'create table t (x); pragma application_id = 252006675'),
      /another program/,
    ],
    'with a version below nothing': [() => made(db, 'create table t (x); pragma user_version = -1'), /another program/],
    'that has tables no more': [() => made(db, 'create table t (x); drop table t'), /another program/],
    'that is no database': [() => writeFileSync(db, 'hello '.repeat(1000)), /no SQLite database/],
    'that breaks off': [() => writeFileSync(db, 'SQLite format 3\0'), /no SQLite database/],
    'that is a directory': [() => mkdirSync(db), /is a directory; --db takes .*mail\.db\/mail\.db/],
    'that is a link to nothing': [() => symlinkSync('nowhere', db), /link that leads nowhere/],
    'that was moved away from its WAL': [() => writeFileSync(`${db}-wal`, 'x'), /put the database back/],
  };

  for (const [what, [make, says]] of Object.entries(refused))
    it(`${what} is refused, and nothing is changed or made beside it`, async () => {
      make();
      const before = what.includes('link') ? readdirSync(directory) : picture(directory);
      const error = await failure(sqlite.open(db));
      expect(error.kind).to.equal('unavailable');
      expect(error.message).to.match(says);
      expect(what.includes('link') ? readdirSync(directory) : picture(directory)).to.deep.equal(before);
    });

  it('that is a device is refused', async () => {
    expect((await failure(sqlite.open('/dev/null'))).message).to.match(/a device, a socket or a pipe/);
  });

  it('that is empty becomes ours, and says so in its header', async () => {
    writeFileSync(db, '');
    await (await sqlite.open(db)).close();
    expect(readFileSync(db).readInt32BE(68)).to.equal(APPLICATION_ID);
    expect(statSync(db).size).to.be.above(0);
  });

  for (let version = 1; version <= readdirSync(MIGRATIONS).length; version++)
    it(`of version ${version}, from before there was an application id, is known and gets one`, async () => {
      older(db, version).close();
      expect(applicationId(db)).to.equal(0);
      const store = await sqlite.open(db);
      expect((await store.directory.listDomains()).map(({ name }) => name)).to.deep.equal(['localhost']);
      await store.close();
      expect(applicationId(db)).to.equal(APPLICATION_ID);
    });

  it('of which nothing but the WAL is written yet is known too', async () => {
    const killed = join(directory, 'killed.db');
    const connection = older(killed, 1);
    copyFileSync(killed, db);
    copyFileSync(`${killed}-wal`, `${db}-wal`);
    connection.close();
    const store = await sqlite.open(db);
    expect((await store.directory.listDomains()).map(({ name }) => name)).to.deep.equal(['localhost']);
    await store.close();
  });

  it('with a schema of many pages is known', async () => {
    const connection = older(db, 1);
    for (let at = 0; at < 400; at++)
      connection.exec(
        `create table of_a_plugin_number_${at} (${'a_column_with_a_long_name text, '.repeat(5)} x)`.replace(
          /a_column/g,
          () => `c${Math.random().toString(36).slice(2)}`,
        ),
      );
    connection.close();
    await (await sqlite.open(db)).close();
    expect(applicationId(db)).to.equal(APPLICATION_ID);
  });

  it('of a newer version is refused with the way out', async () => {
    await (await sqlite.open(db)).close();
    made(db, 'pragma user_version = 9999');
    const before = readFileSync(db);
    expect((await failure(sqlite.open(db))).message).to.match(/newer Pennypost \(version 9999 .*start that one again/);
    expect(readFileSync(db).equals(before)).to.equal(true);
  });
});
