/** The SQLite driver: the contract, and what is its own: the file, its views, the socket and who is the store. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { expect } from 'chai';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { openForReading, openForWriting } from '../../src/store/sqlite/database/database.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually, within } from '../support/eventually.js';
import { messageAt } from '../support/maildrops.js';
import { MAIN, ROOT } from '../support/server.js';
import { at, deliver, describeStore, envelopeTo, failure, fails, openSoon, type StoreUnderTest } from './contract.js';
import { describeAliases } from './alias-contract.js';
import { describeSearch } from './search-contract.js';
import { describeDevices } from './device-contract.js';
import { describeLimits } from './limits-contract.js';
import { describeImports } from './import-contract.js';
import { describeNewMail } from './new-mail-contract.js';
import { describeQueue, envelopeOut } from './queue-contract.js';
import { describeQuotas } from './quota-contract.js';
import { describeRemovals } from './removal-contract.js';
import { describeAutoreplies } from './autoreply-contract.js';
import { describeCollectors } from './collector-contract.js';
import { describeWebSessions } from './web-session-contract.js';
import { describeRelayLogins } from './relay-login-contract.js';
import { describeRoutes } from './routes-contract.js';
import { describeViews } from './view-contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
/** By the views, which show what sessions see. */
const MISCOUNTED = `
  select mailboxes.account, mailboxes.messages, mailboxes.octets, count(mail.id) as found, sum(mail.octets) as sum
  from mailboxes left join mail on mail.account = mailboxes.account
  group by mailboxes.account having mailboxes.messages <> found or mailboxes.octets <> coalesce(sum, 0)`;
const observer = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };

function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'pennypost-store-'));
}

const MIGRATIONS = join(ROOT, 'db', 'sqlite');
/** The migration from which on an account has them. */
const COUNTERS_SINCE = 3;

function migrations(): readonly string[] {
  return readdirSync(MIGRATIONS).toSorted();
}

type Row = Readonly<Record<string, unknown>>;

function look(db: string, sql: string): readonly Row[] {
  const connection = openConnection(db, { readonly: true });
  try {
    return connection.prepare<[], Row>(sql).all();
  } finally {
    connection.close();
  }
}

async function make(keepRemovedMs = 0): Promise<StoreUnderTest> {
  const directory = temporary();
  const db = join(directory, 'mail.db');
  let server = await sqlite.start(db, observer, { keepRemovedMs });
  const stores: MailStore[] = [];
  return {
    async connect() {
      const store = await sqlite.open(db);
      stores.push(store);
      return store;
    },
    async restart() {
      await server?.close();
      server = await sqlite.start(db, observer, { keepRemovedMs });
    },
    storedOctets: () => Number(look(db, 'select coalesce(sum(length(data)), 0) as octets from chunk')[0]?.['octets']),
    miscounted: () => look(db, MISCOUNTED).map((row) => JSON.stringify(row)),
    async cleanup() {
      for (const store of stores) await store.close();
      await server?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

describeStore('SQLite', make);
describeQuotas('SQLite', make);
describeImports('SQLite', make);
describeDevices('SQLite', make);
describeQueue('SQLite', make);
describeNewMail('SQLite', make);
describeRelayLogins('SQLite', make);
describeWebSessions('SQLite', make);
describeAutoreplies('SQLite', make);
describeCollectors('SQLite', make);
describeAliases('SQLite', make);
describeSearch('SQLite', make);
describeLimits('SQLite', make);
describeRoutes('SQLite', make);
describeRemovals('SQLite', make);
describeViews('SQLite', make);

describe('the SQLite driver', () => {
  let directory = '';
  let db = '';
  const open: MailStore[] = [];

  beforeEach(() => {
    directory = temporary();
    db = join(directory, 'mail.db');
  });

  afterEach(async () => {
    for (const store of open.splice(0).reverse()) await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function openAnother(): Promise<MailStore> {
    const store = await sqlite.open(db);
    open.push(store);
    return store;
  }

  /** A store with one account, whose number is 1. */
  async function withAlice(): Promise<MailStore> {
    const store = await openAnother();
    await store.directory.addAccount(at('alice@localhost'), HASH);
    return store;
  }

  describe('the file', () => {
    it('is written with the pragmas that durability rests on', () => {
      const connection = openForWriting(db);
      const pragma = (name: string): unknown => connection.pragma(name, { simple: true });
      expect(pragma('journal_mode')).to.equal('wal');
      expect(pragma('synchronous')).to.equal(2);
      expect(pragma('foreign_keys')).to.equal(1);
      expect(pragma('mmap_size')).to.equal(0);
      expect(pragma('trusted_schema')).to.equal(0);
      expect(pragma('auto_vacuum')).to.equal(2);
      connection.close();
    });

    it('is read by connections that cannot write', () => {
      openForWriting(db).close();
      const connection = openForReading(db);
      expect(() => connection.prepare("insert into domain (name) values ('x') returning id").get()).to.throw(
        /readonly/,
      );
      connection.close();
    });

    it('records its version, and is not migrated twice', () => {
      for (let times = 0; times < 2; times++) openForWriting(db).close();
      expect(look(db, 'pragma user_version')).to.deep.equal([{ user_version: migrations().length }]);
      expect(look(db, 'pragma integrity_check')).to.deep.equal([{ integrity_check: 'ok' }]);
    });

    it('are numbered one by one: the number is the version', () => {
      expect(migrations().map((name) => Number(name.slice(0, 4)))).to.deep.equal(migrations().map((_, at) => at + 1));
    });

    for (let version = 1; version <= migrations().length; version++)
      it(`of version ${version} is brought up to date, and keeps what was in it`, async () => {
        const connection = openConnection(db);
        for (const name of migrations().slice(0, version))
          connection.exec(readFileSync(join(MIGRATIONS, name), 'utf8'));
        connection.exec(`
          pragma user_version = ${version};
          insert into domain (name) values ('localhost');
          insert into account (local, domain, password_hash, validity, created_at) values ('alice', 1, '${HASH}', 'v', 1);
          insert into body (id, refs, octets, header_octets, subject, text_state) values (1, 1, 4, 2, 'a' || char(27) || 'b', 0);
          insert into chunk values (1, 0, x'0d0a780d0a');
          insert into message values (1, 1, 1, 1, 8, 1, '', 'alice', x'613a0d0a');
          ${version < COUNTERS_SINCE ? '' : 'update account set messages = 1, octets = 8;'}`);
        connection.close();
        const store = await openAnother();
        expect(await store.findLogin('alice')).to.deep.include({ passwordHash: HASH, enabled: true, credentials: [] });
        await store.directory.addCredential(at('alice@localhost'), { name: 'phone', scopes: ['pop3'], hash: 'h' });
        await deliver(store, envelopeOut(['bob@x.example'], { submitter: 1 }), Buffer.from('text\r\n'));
        expect((await store.queuedMail.count()).active).to.equal(1);
        expect(look(db, 'select account, number, octets, subject, text from mail')).to.deep.equal([
          { account: 'alice@localhost', number: 1, octets: 8, subject: 'ab', text: 'x\r\n' },
        ]);
        expect(look(db, MISCOUNTED)).to.deep.equal([]);
        expect(look(db, 'pragma integrity_check')).to.deep.equal([{ integrity_check: 'ok' }]);
        expect(look(db, 'pragma foreign_key_check')).to.deep.equal([]);
      });

    it('has a secret of its own for salts', () => {
      const other = join(directory, 'other.db');
      for (const path of [db, other]) openForWriting(path).close();
      const secretOf = (path: string) => look(path, "select hex(value) as value from secret where name = 'salts'")[0];
      expect(secretOf(db)?.['value']).to.match(/^[0-9A-F]{64}$/);
      expect(secretOf(db)).to.not.deep.equal(secretOf(other));
    });

    it('of the first version comes out with its messages counted', () => {
      const connection = openConnection(db);
      connection.exec(readFileSync(join(MIGRATIONS, migrations()[0] as string), 'utf8'));
      connection.exec(`
        pragma user_version = 1;
        insert into domain (name) values ('localhost');
        insert into account (local, domain, password_hash, validity, created_at)
          values ('alice', 1, 'x', 'a', 1), ('bob', 1, 'x', 'b', 1);
        insert into body (id, refs, octets, header_octets, text_state) values (1, 2, 90, 0, 0);
        insert into message (account, uid, body, octets, received_at, reverse_path, recipient, trace)
          values (1, 1, 1, 100, 1, '', 'r', x'00'), (1, 2, 1, 101, 1, '', 'r', x'00')`);
      connection.close();
      openForWriting(db).close();
      expect(look(db, MISCOUNTED)).to.deep.equal([]);
      expect(look(db, 'select account, messages, octets, quota from mailboxes order by account')).to.deep.equal([
        { account: 'alice@localhost', messages: 2, octets: 201, quota: null },
        { account: 'bob@localhost', messages: 0, octets: 0, quota: null },
      ]);
    });

    it('of before cases were told apart has aliases that lead to who is here, and elsewhere as they were written', () => {
      const connection = openConnection(db);
      for (const name of migrations().slice(0, 16)) connection.exec(readFileSync(join(MIGRATIONS, name), 'utf8'));
      connection.exec(`
        pragma user_version = 16;
        insert into domain (name) values ('example.org'), ('ample.org');
        insert into alias values (1, 'a', 'Bob@example.org'), (1, 'a', 'bob@example.org'), (1, 'b', 'Carol@ample.org'),
                                 (1, 'c', 'Dave@le.org'), (2, 'd', 'Eve@x.ample.org')`);
      connection.close();
      openForWriting(db).close();
      expect(look(db, "select local || ' ' || target as leads from alias order by local")).to.deep.equal(
        ['a bob@example.org', 'b carol@ample.org', 'c Dave@le.org', 'd Eve@x.ample.org'].map((leads) => ({ leads })),
      );
    });

    it('of a newer version is refused in one sentence, and left as it is', async () => {
      openForWriting(db).close();
      const connection = openConnection(db);
      connection.pragma('user_version = 99');
      connection.close();
      await fails('unavailable', sqlite.open(db), /was written by a newer Pennypost \(version 99 /);
      expect(look(db, 'pragma user_version')).to.deep.equal([{ user_version: 99 }]);
    });

    it('that is no database is refused in one sentence, and left as it is', async () => {
      writeFileSync(db, 'Dear diary, '.repeat(1000));
      await fails('unavailable', sqlite.open(db), /mail\.db is no SQLite database, and was left as it is/);
      expect(statSync(db).size).to.equal(12_000);
    });

    it('holds no piece of more than 256 KiB', async () => {
      const store = await withAlice();
      await deliver(store, envelopeTo(1), Buffer.alloc(1_000_000, 'x\r\n'), 700_000);
      expect(look(db, 'select count(*) as n, max(length(data)) as longest from chunk')).to.deep.equal([
        { n: 4, longest: 262_144 },
      ]);
    });

    it('in a directory that cannot be written is refused in one sentence', async () => {
      chmodSync(directory, 0o555);
      const back = asNobody();
      try {
        await fails('unavailable', sqlite.open(db), /^Cannot \w+ .*mail\.db.*: /);
      } finally {
        back();
        chmodSync(directory, 0o755);
      }
    });

    it('in a directory that cannot be made is refused in one sentence', async () => {
      writeFileSync(join(directory, 'file'), '');
      await fails('unavailable', sqlite.open(join(directory, 'file', 'mail.db')), /^Cannot \w+ .*mail\.db.*: /);
    });
  });

  describe('who is the store', () => {
    it('is the first to come; others join, by any path to the file', async () => {
      const first = await withAlice();
      const second = await sqlite.open(join(directory, '.', 'nowhere', '..', 'mail.db'));
      open.push(second);
      expect(await sqlite.start(db, observer)).to.equal(undefined);
      await deliver(second, envelopeTo(1), Buffer.from('text\r\n'));
      expect((await openSoon(first, 1)).count).to.equal(1);
    });

    it('is free when the store has closed: the next is the store, and who had joined goes on with it', async () => {
      const first = await withAlice();
      const second = await openAnother();
      open.splice(open.indexOf(first), 1);
      await first.close();
      await fails('unavailable', second.open(1, { from: 'test' }));
      const third = await openAnother();
      await deliver(third, envelopeTo(1), Buffer.from('text\r\n'));
      await eventually('the second to have found the third', () =>
        deliver(second, envelopeTo(1), Buffer.from('text\r\n')).then(
          () => true,
          () => false,
        ),
      );
      expect((await openSoon(second, 1)).count).to.equal(2);
    });

    it('may be another process, and is free when that is killed', async () => {
      await (await withAlice()).close();
      open.pop();
      // It is the store for as long as its standard input stays open.
      const command = spawn(process.execPath, [MAIN, 'mail', 'send', 'alice@localhost', '--db', db], {
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      const ended = new Promise((resolve) => command.once('exit', resolve));
      try {
        await eventually('it to be the store', () => existsSync(`${db}.sock`));
        const store = await openAnother();
        expect(await sqlite.start(db, observer)).to.equal(undefined);
        await deliver(store, envelopeTo(1), Buffer.from('text\r\n'));
        command.kill('SIGKILL');
        await ended;
        await fails('unavailable', store.open(1, { from: 'test' }));
        expect((await openSoon(await openAnother(), 1)).count).to.equal(1);
      } finally {
        command.kill('SIGKILL');
      }
    });

    it('is reached through a socket that only its owner may use', async () => {
      await openAnother();
      expect(statSync(`${db}.sock`).mode & 0o777).to.equal(0o600);
    });

    it('is found also where the path is too long for the address of a socket', async () => {
      db = join(directory, 'a'.repeat(90), 'mail.db');
      const first = await withAlice();
      const second = await openAnother();
      expect(existsSync(`${db}.sock`)).to.equal(existsSync('/proc/self/fd'));
      await deliver(second, envelopeTo(1), Buffer.from('text\r\n'));
      expect((await openSoon(first, 1)).count).to.equal(1);
    });

    it('looks for names without a domain in the domain that it was told', async () => {
      const first = await withAlice();
      await first.directory.addAccount(at('postmaster@example.net'), HASH);
      const worker = sqlite.join(db, {
        ...{ domain: 'example.net', detailSeparators: '-' },
        minFreeBytes: 0,
        changed: () => undefined,
        replaced: () => undefined,
      });
      open.push(worker);
      expect(await worker.findLogin('alice')).to.equal(undefined);
      expect((await worker.findLogin('postmaster'))?.address).to.equal('postmaster@example.net');
      expect(await worker.resolve(at('postmaster@localhost'))).to.have.property('kind', 'local');
      expect(await worker.resolve(at('alice-x@localhost'))).to.have.property('kind', 'local');
      expect(await worker.resolve(at('alice+x@localhost'))).to.have.property('kind', 'unknown');
    });
  });

  describe('garbage on the socket', () => {
    const frame = (type: number, payload: string) => {
      const header = Buffer.alloc(9);
      header.writeUInt32BE(5 + payload.length);
      header[4] = type;
      return Buffer.concat([header, Buffer.from(payload)]);
    };
    const samples: readonly (readonly [string, Buffer])[] = [
      ['text of another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
      ['a length beyond every limit', Buffer.alloc(64, 0xff)],
      ['a length of nothing', Buffer.alloc(64)],
      ['a type that nobody knows', frame(42, '')],
      ['a message that ends inside a field', frame(1, 'x')],
      ['a chunk without a name', frame(2, '')],
      ['a lock that is not JSON', frame(5, '{')],
      ['a lock without a body', frame(5, '')],
    ];
    for (const [what, bytes] of samples)
      it(`closes the connection that sent ${what}, and no other`, async () => {
        const store = await withAlice();
        const held = await store.open(1, { from: 'test' });
        const socket = connect(`${db}.sock`);
        const closed = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
        socket.resume().write(bytes);
        await within(5_000, 'the store to close the connection', closed);
        await deliver(store, envelopeTo(1), Buffer.from('text\r\n'));
        await held.remove([]);
      });
  });

  describe('a crash', () => {
    it('leaves pieces that the next start sweeps', async () => {
      const store = await withAlice();
      const kept = Buffer.alloc(300_000, 'x\r\n');
      await deliver(store, envelopeTo(1), kept);
      open.pop();
      await store.close();
      const crashed = openForWriting(db);
      crashed.exec(`
        insert into body (id, refs, octets, header_octets, text_state) values (77, 0, 0, 0, 0);
        insert into chunk values (77, 0, zeroblob(1000)), (77, 1, zeroblob(1000));`);
      crashed.close();
      await openAnother();
      const bodies = () => look(db, 'select count(*) as n from body')[0]?.['n'];
      await eventually('what was left to be swept', () => bodies() === 1);
      expect(look(db, 'select sum(length(data)) as octets from chunk')).to.deep.equal([{ octets: kept.length }]);
    });

    it('while a text was decoded leaves it as it came, names the body, and does not try again', async () => {
      const store = await withAlice();
      await deliver(store, envelopeTo(1), Buffer.from('Subject: s\r\n\r\ntext\r\n'));
      open.pop();
      await store.close();
      const crashed = openForWriting(db);
      crashed.exec('update body set text_state = 4');
      const [body] = crashed.prepare('select id from body').pluck().all();
      crashed.close();
      const troubles: unknown[] = [];
      const server = await sqlite.start(db, { ...observer, trouble: (_, error) => troubles.push(error) });
      expect(troubles).to.deep.equal([{ body }]);
      await server?.close();
      expect(look(db, 'select text_state, text from body')).to.deep.equal([{ text_state: 3, text: null }]);
    });
  });

  describe('a bug in a change', () => {
    it('is told as one, and fails that change alone of those in its group', async () => {
      const troubles: [string, unknown][] = [];
      const server = await sqlite.start(db, { ...observer, trouble: (...told) => troubles.push(told) });
      const broken = server?.makeLocal('one.example', { address: undefined as never, secrets: { hash: HASH } });
      const whole = server?.makeLocal('two.example', { address: at('bob@two.example'), secrets: { hash: HASH } });
      await fails('bug', broken ?? Promise.resolve(), /^the store met a bug of its own and did nothing of this/);
      await whole;
      await server?.close();
      expect(troubles.map(([what]) => what)).to.deep.equal(['a bug failed one write, and nothing else']);
      expect(troubles[0]?.[1]).to.be.instanceOf(TypeError);
      expect(look(db, 'select name from domain')).to.deep.equal([{ name: 'two.example' }]);
      expect(look(db, 'select account from mailboxes')).to.deep.equal([{ account: 'bob@two.example' }]);
    });
  });

  describe('the view mail', () => {
    async function viewed(message: string): Promise<Row> {
      const store = await withAlice();
      await deliver(store, envelopeTo(1), Buffer.from(message.replaceAll('\n', '\r\n')));
      await eventually(
        'the text to be decoded',
        () => look(db, 'select 1 from body where text_state in (1, 4)').length === 0,
      );
      return look(db, 'select * from mail')[0] ?? {};
    }

    it('shows one row a message, in words for people', async () => {
      const row = await viewed(
        'From: =?utf-8?b?SsO8cmdlbg==?= <j@example.org>\nTo: alice@localhost\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\n aus K\n' +
          'Date: Mon, 1 Jun 2026 10:00:00 +0200\nMessage-ID: <1@x>\n\nHello, Wörld\n',
      );
      expect(row).to.include({
        account: 'alice@localhost',
        number: 1,
        from: 'Jürgen <j@example.org>',
        to: 'alice@localhost',
        subject: 'Grüße aus K',
        text: 'Hello, Wörld\r\n',
        date: 'Mon, 1 Jun 2026 10:00:00 +0200',
        message_id: '<1@x>',
        reverse_path: 'sender@example.net',
        recipient: 'r@example.org',
      });
      expect(row['received']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const maildrop = await openSoon(open[0] as MailStore, 1);
      const { uidl, octets } = await messageAt(maildrop, 0);
      expect([row['uidl'], row['octets']]).to.deep.equal([uidl, octets]);
    });

    const mime: readonly (readonly [what: string, message: string, text: string])[] = [
      [
        'base64 of UTF-8',
        'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZSBhdXMgS8O2bG4=\n',
        'Grüße aus Köln',
      ],
      [
        'quoted-printable latin-1',
        'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe =\naus\n',
        'Grüße aus',
      ],
      [
        'multipart/alternative',
        'Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nplain words\n' +
          '--b\nContent-Type: text/html\n\n<p>rich words</p>\n--b--\n',
        'plain words',
      ],
      [
        'HTML alone',
        'Content-Type: text/html\n\n<style>p{}</style><p>one &amp; two</p><p>three</p>\n',
        'one & two\nthree',
      ],
    ];
    for (const [what, message, text] of mime)
      it(`soon shows the text of ${what} decoded`, async () => {
        const row = await viewed(`Subject: s\nMIME-Version: 1.0\n${message}`);
        expect(String(row['text']).replaceAll('\r\n', '\n').trim()).to.equal(text);
      });

    it('shows the raw text of what cannot be decoded', async () => {
      const row = await viewed('Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\nAAEC\n');
      expect(row['text']).to.be.a('string');
    });

    it('numbers the messages of each account from 1', async () => {
      const store = await withAlice();
      await store.directory.addAccount(at('bob@localhost'), HASH);
      for (const to of [[1], [1, 2], [2]]) await deliver(store, envelopeTo(...to), Buffer.from('text\r\n'));
      expect(look(db, 'select account, number from mail order by account, number')).to.deep.equal([
        { account: 'alice@localhost', number: 1 },
        { account: 'alice@localhost', number: 2 },
        { account: 'bob@localhost', number: 1 },
        { account: 'bob@localhost', number: 2 },
      ]);
    });
  });

  it('shows in the view credentials who may log in with what, and no hash', async () => {
    const store = await withAlice();
    await store.directory.addCredential(at('alice@localhost'), { name: 'phone', scopes: ['pop3', 'smtp'], hash: 'h' });
    store.recordUse({ account: 1, from: '192.0.2.1' });
    await store.directory.setEnabled(at('alice@localhost'), false);
    const rows = look(db, 'select * from credentials order by name');
    expect(rows.map(({ account, name, scopes, enabled }) => ({ account, name, scopes, enabled }))).to.deep.equal([
      { account: 'alice@localhost', name: null, scopes: 'pop3,smtp', enabled: 0 },
      { account: 'alice@localhost', name: 'phone', scopes: 'pop3,smtp', enabled: 0 },
    ]);
    expect(rows[0]).to.include({ last_used_from: '192.0.2.1' });
    expect(rows[0]?.['last_used']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Object.keys(rows[0] ?? {})).to.not.include.members(['hash', 'scram']);
  });

  it('shows one row an account in the view mailboxes', async () => {
    const store = await withAlice();
    await store.directory.addAccount(at('bob@localhost'), HASH);
    await deliver(store, envelopeTo(1), Buffer.from('text\r\n'));
    await deliver(store, envelopeTo(1), Buffer.from('text\r\n'));
    const { octets: held } = await store.open(1, { from: 'test' });
    const rows = await eventually('the login to be noted', () => {
      const found = look(db, 'select * from mailboxes order by account');
      return found[0]?.['last_login'] === null ? undefined : found;
    });
    expect(rows.map(({ account, messages: count, octets }) => [account, count, octets])).to.deep.equal([
      ['alice@localhost', 2, held],
      ['bob@localhost', 0, 0],
    ]);
    expect(rows[0]?.['last_delivery']).to.match(/Z$/);
    expect(rows[1]).to.include({ last_delivery: null, last_login: null, quota: null });
  });

  it('answers in time when nobody answers at the socket', async () => {
    const ownership = openConnection(`${db}.lock`);
    ownership.exec('begin exclusive');
    try {
      expect((await failure(sqlite.open(db))).message).to.match(
        /^Another process holds .*mail\.db but does not answer$/,
      );
    } finally {
      ownership.close();
    }
  });
});

/** File permissions do not bind root: what they would do is shown as somebody else. Returns the way back. */
function asNobody(): () => void {
  if (process.geteuid?.() !== 0) return () => undefined;
  process.seteuid?.(65534);
  return () => process.seteuid?.(0);
}
