/**
 * Files that are moved, removed or replaced under a running server: no 250 while the path leads elsewhere, service again by
 * itself when it leads back, and to another database when there is one.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { eventually } from '../support/eventually.js';
import { demand, pop3Session, smtpSession } from '../support/mail-clients.js';
import { storeOf } from '../crash/faults.js';
import { isAlive } from '../support/processes.js';
import { Server } from '../support/server.js';

const WAIT_MS = 20_000;

interface Shown {
  readonly file: string;
  readonly store: { readonly pid: number };
  readonly workers: readonly { readonly pid: number }[];
}

/** The reply that decides about a message: to MAIL when it is refused there, or to its end. */
async function send(server: Server, subject: string): Promise<string> {
  const client = await smtpSession(server.smtpPort);
  try {
    const taken = await client.command('MAIL FROM:<me@example.org>');
    if (taken.code !== 250) return taken.lines.join();
    await demand(client, 'RCPT TO:<postmaster@localhost>', 250);
    await demand(client, 'DATA', 354);
    return (await client.command(`Subject: ${subject}\r\n\r\n${subject}\r\n.`)).lines.join();
  } finally {
    client.destroy();
  }
}

async function isServed(server: Server, subject: string): Promise<boolean> {
  return send(server, subject).then(
    (reply) => reply.startsWith('250'),
    () => false,
  );
}

function subjects(db: string): readonly string[] {
  const connection = openConnection(db, { readonly: true });
  try {
    return connection.prepare<[], string>('select subject from body order by id').pluck().all();
  } finally {
    connection.close();
  }
}

describe('under a running server', () => {
  let above: string;
  let directory: string;
  let db: string;
  let server: Server;

  beforeEach(async () => {
    above = await mkdtemp(join(tmpdir(), 'pennypost-moved-'));
    directory = join(above, 'mail');
    mkdirSync(directory);
    db = join(directory, 'mail.db');
    server = await Server.start({ directory: above, arguments: ['--db', db], workers: 1 });
    expect(await send(server, 'before')).to.match(/^250/);
  });

  afterEach(async () => {
    await server.release();
    await rm(above, { recursive: true, force: true });
  });

  async function refusesOnce(): Promise<void> {
    expect(await send(server, 'meanwhile')).to.match(/^451/);
    expect(await send(server, 'meanwhile')).to.match(/^451/);
    await eventually('the log to say so', () => server.logs.includes('not at its path'));
    expect(server.logs.match(/the database is not at its path/g)).to.have.length(1);
  }

  async function servesAgain(): Promise<void> {
    await eventually('service', () => isServed(server, 'after'), WAIT_MS);
  }

  async function shown(): Promise<Shown> {
    return JSON.parse((await server.run('status', '--json', '--db', db)).stdout) as Shown;
  }

  function backup(to: string): void {
    const connection = openConnection(db, { readonly: true });
    connection.prepare<[string]>('vacuum into ?').run(to);
    connection.close();
  }

  it('a database that is moved away and back is served again by the same processes', async () => {
    const before = await shown();
    renameSync(db, `${db}.away`);
    await refusesOnce();
    const { stdout } = await server.run('status', '--db', db);
    expect(stdout, stdout).to.include('missing: nothing is accepted');
    renameSync(`${db}.away`, db);
    await servesAgain();
    expect(subjects(db)).to.deep.equal(['before', 'after']);
    const after = await shown();
    expect(after.file).to.equal('there');
    expect(after.store.pid).to.equal(before.store.pid);
    expect(after.workers.map(({ pid }) => pid)).to.deep.equal(before.workers.map(({ pid }) => pid));
  });

  it('a directory that is moved away and back is served again', async () => {
    renameSync(directory, `${directory}.away`);
    await refusesOnce();
    renameSync(`${directory}.away`, directory);
    await servesAgain();
    expect(subjects(db)).to.deep.equal(['before', 'after']);
  });

  it('a database that was moved away is complete without its WAL', async () => {
    renameSync(db, join(above, 'away.db'));
    await refusesOnce();
    await eventually('the WAL to be moved', () => readFileSync(`${db}-wal`).length === 0);
    await server.stop();
    expect(existsSync(db)).to.equal(false);
    expect(subjects(join(above, 'away.db'))).to.deep.equal(['before']);
  });

  it('a database that is removed is served again from a backup, with nothing of the old WAL in it', async () => {
    backup(join(above, 'backup.db'));
    expect(await send(server, 'lost with the file')).to.match(/^250/);
    rmSync(db);
    await refusesOnce();
    cpSync(join(above, 'backup.db'), `${db}.new`);
    renameSync(`${db}.new`, db);
    await servesAgain();
    expect(subjects(db)).to.deep.equal(['before', 'after']);
    const connection = openConnection(db, { readonly: true });
    expect(connection.pragma('integrity_check', { simple: true })).to.equal('ok');
    connection.close();
  });

  it('a backup that is moved over the database is served, and read, by whoever comes', async () => {
    backup(join(above, 'backup.db'));
    expect(await send(server, 'lost with the file')).to.match(/^250/);
    const inside = await pop3Session(server.pop3Port, 'postmaster', server.password);
    renameSync(join(above, 'backup.db'), db);
    await servesAgain();
    inside.destroy();
    const reader = await pop3Session(server.pop3Port, 'postmaster', server.password);
    await reader.ask('STAT', /^\+OK 2 /);
    reader.destroy();
    expect(subjects(db)).to.deep.equal(['before', 'after']);
  });

  for (const companion of ['-wal', '-shm', '.lock'])
    it(`mail.db${companion} that is removed takes nothing with it, and is made again`, async () => {
      rmSync(`${db}${companion}`);
      await eventually('the log to say so', () => /not at its path.*|lets go of the database/.test(server.logs));
      await eventually('another', () => existsSync(`${db}${companion}`), WAIT_MS);
      await servesAgain();
      expect(subjects(db)).to.deep.equal(['before', 'after']);
    });

  it('a file of another program in its place is left as it is', async () => {
    renameSync(db, `${db}.away`);
    openConnection(db).exec('create table theirs (x)').close();
    const theirs = readFileSync(db);
    await refusesOnce();
    expect(readFileSync(db).equals(theirs)).to.equal(true);
    renameSync(`${db}.away`, db);
    await servesAgain();
  });

  it('a database that is emptied in place takes no mail, is not filled from the WAL, and the WAL stays', async () => {
    for (let each = 0; each < 20; each++) await send(server, `${each}`);
    writeFileSync(db, '');
    for (let each = 0; each < 20; each++) expect(await send(server, 'meanwhile')).to.match(/^451/);
    await eventually('the log to say so', () => server.logs.includes('was emptied in place'));
    expect((await shown()).file).to.equal('emptied');
    await server.stop();
    expect(readFileSync(db).length).to.equal(0);
    expect(readFileSync(`${db}-wal`).length).to.be.above(0);
  });

  it('a backup that is moved over a database that was emptied in place is served', async () => {
    backup(join(above, 'backup.db'));
    writeFileSync(db, '');
    expect(await send(server, 'meanwhile')).to.match(/^451/);
    renameSync(join(above, 'backup.db'), db);
    await servesAgain();
    expect(subjects(db)).to.deep.equal(['before', 'after']);
  });

  it('a database that was emptied in place is not served when it is filled again under its WAL', async () => {
    backup(join(above, 'backup.db'));
    writeFileSync(db, '');
    expect(await send(server, 'meanwhile')).to.match(/^451/);
    writeFileSync(db, readFileSync(join(above, 'backup.db')));
    for (let each = 0; each < 20; each++) expect(await send(server, 'meanwhile')).to.match(/^451/);
    await server.stop();
    expect(readFileSync(db).equals(readFileSync(join(above, 'backup.db')))).to.equal(true);
  });

  it('no store begins a new database in the place of one that is gone', async () => {
    renameSync(db, `${db}.away`);
    await refusesOnce();
    const store = storeOf(server) as number;
    process.kill(store, 'SIGKILL');
    await eventually('its end', () => !isAlive(store));
    await eventually('an attempt', () => /is not at .* any more/.test(server.logs));
    expect(existsSync(db)).to.equal(false);
    renameSync(`${db}.away`, db);
    await servesAgain();
    expect(subjects(db)).to.deep.equal(['before', 'after']);
  });

  it('a message that was under way is not acknowledged', async () => {
    const client = await smtpSession(server.smtpPort);
    await demand(client, 'MAIL FROM:<me@example.org>', 250);
    await demand(client, 'RCPT TO:<postmaster@localhost>', 250);
    await demand(client, 'DATA', 354);
    client.write(Buffer.alloc(1024 * 1024, 'x'.repeat(70) + '\r\n'));
    renameSync(db, `${db}.away`);
    expect((await client.command('\r\n.')).code).to.equal(451);
    client.destroy();
  });

  it('a link in its path that leads elsewhere by now is followed', async () => {
    const other = join(above, 'other');
    mkdirSync(other);
    backup(join(other, 'mail.db'));
    renameSync(directory, `${directory}.real`);
    symlinkSync(`${directory}.real`, directory);
    await servesAgain();
    rmSync(directory);
    symlinkSync(other, directory);
    await eventually('service', () => isServed(server, 'elsewhere'), WAIT_MS);
    expect(subjects(join(other, 'mail.db'))).to.include('elsewhere');
    expect(subjects(join(`${directory}.real`, 'mail.db'))).to.not.include('elsewhere');
  });
});
