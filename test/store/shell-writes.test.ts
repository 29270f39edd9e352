/**
 * What a shell may write to the views of the directory: the same names are taken and refused as from a command, what is written
 * counts for every process that has the database open, and a shell that holds it makes nobody wait but who writes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { domainName } from '../../src/config/units.js';
import { isAscii } from '../../src/message/domain.js';
import { parseMailbox } from '../../src/message/mailbox.js';
import type { Concerned, RunningStore } from '../../src/store/driver.js';
import { openConnection, type Connection } from '../../src/store/sqlite/database/driver.js';
import { openForWriting, waitForNobody } from '../../src/store/sqlite/database/database.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { GroupCommit } from '../../src/store/sqlite/server/group.js';
import { Writer } from '../../src/store/sqlite/server/writer.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { at, deliver, envelopeTo, fails } from './contract.js';

const observer = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };
/** A chain of so many aliases is the longest that is taken. */
const CHAIN = 10;
const MANY = 1000;
/** Longer than between two looks. */
const LOOKS_MS = 500;

interface AliasCase {
  readonly what: string;
  readonly alias: string;
  readonly target: string;
  /** What the trigger says. */
  readonly refused?: RegExp;
}

const ALIASES: readonly AliasCase[] = [
  { what: 'an account', alias: 'new@example.org', target: 'alice@example.org' },
  { what: 'an account in capitals, by a name in capitals', alias: 'New@Example.ORG', target: 'ALICE@example.org' },
  { what: 'another alias', alias: 'new@example.org', target: 'sales@example.org' },
  { what: 'one more', alias: 'sales@example.org', target: 'bob@example.org' },
  { what: 'what it leads to already', alias: 'sales@example.org', target: 'alice@example.org' },
  { what: 'an address elsewhere, which keeps its case', alias: 'new@example.org', target: 'Carol@X.example' },
  { what: 'an account, as the catch-all', alias: '*@shop.example', target: 'alice@example.org' },
  { what: 'an account whose name is in another script', alias: 'new@example.org', target: 'jürgen@example.org' },
  { what: 'through as many aliases as may be', alias: 'new@example.org', target: `c${CHAIN - 1}@example.org` },
  { what: 'through more', alias: 'new@example.org', target: `c${CHAIN}@example.org`, refused: /more than ten aliases/ },
  { what: 'nobody', alias: 'new@example.org', target: 'nobody@example.org', refused: /add it first/ },
  { what: 'itself', alias: 'new@example.org', target: 'new@example.org', refused: /lead to itself/ },
  { what: 'itself through another', alias: 'sales@example.org', target: 'team@example.org', refused: /lead to itself/ },
  { what: 'an account, by the name of one', alias: 'bob@example.org', target: 'alice@example.org', refused: /account/ },
  { what: 'the last of many', alias: 'list@example.org', target: 'r1@x.example' },
  { what: 'one too many', alias: 'list@example.org', target: 'alice@example.org', refused: /more than 1000 addresses/ },
  {
    what: 'one too many, by another',
    alias: 'more@example.org',
    target: 'list@example.org',
    refused: /more than 1000/,
  },
];

/** What may be an address elsewhere, and what may not. */
const LONGEST_LABEL = 'l'.repeat(63);
const LONGEST_DOMAIN = [...Array<string>(3).fill(LONGEST_LABEL), 'l'.repeat(61)].join('.');
const ADDRESSES = [
  ...['b@x.example', 'b.c@x.example', "o'neil+d!#$%&*/=?^_`{|}~-@x.example", 'b@x', 'b@1.2.3.4', 'B@X-Y.example'],
  ...['b..c@x.example', '.b@x.example', 'b.@x.example', 'b c@x.example', 'b(c@x.example', 'b\\c@x.example'],
  ...['b[c]@x.example', 'b,c@x.example', 'b@c@x.example', '@x.example', 'b@', 'b', '', '@', 'b@x..example'],
  ...[
    'b@.x.example',
    'b@x.example.',
    'b@-x.example',
    'b@x-.example',
    'b@x_y.example',
    'b@x y.example',
    'b@x.exa\tmple',
    'b@x\0.example',
    'b@x.example\0y',
    'b@y.example\0y',
    'b\0c@x.example',
  ],
  ...[`${'b'.repeat(64)}@x.example`, `${'b'.repeat(65)}@x.example`],
  ...[`b@${LONGEST_LABEL}.example`, `b@l${LONGEST_LABEL}.example`, `b@${LONGEST_DOMAIN}`, `b@l${LONGEST_DOMAIN}`],
];

describe('a shell that writes', () => {
  let directory: string;
  let db: string;
  let server: RunningStore | undefined;
  let store: MailStore;
  let shell: Connection;
  const told: Concerned[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-shell-'));
    db = join(directory, 'mail.db');
    server = await sqlite.start(db, observer);
    told.length = 0;
    store = sqlite.join(db, {
      ...{ domain: 'example.org', minFreeBytes: 0, changed: () => undefined, replaced: () => undefined },
      rightsChanged: (concerned) => void told.push(concerned),
    });
    await eventually('the store to be there', () => store.availability() === undefined);
    shell = openConnection(db, { fileMustExist: true, timeout: 5_000 });
    for (const name of ['alice', 'bob', 'jürgen']) await store.directory.addAccount(at(`${name}@example.org`), 'hash');
    told.length = 0;
  });

  afterEach(async () => {
    shell.close();
    await store.close();
    await server?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const write = (sql: string, ...values: readonly unknown[]) => shell.prepare(sql).run(...values);
  const aliases = () => shell.prepare('select alias, target from aliases order by alias, target').raw().all();
  const aliasSql = 'insert into aliases (alias, target) values (?, ?)';

  /** As the other cases find it. */
  async function makeAliases(): Promise<void> {
    const { directory: to } = store;
    await to.addDomain('shop.example');
    await to.addAlias(at('sales@example.org'), [at('alice@example.org')]);
    await to.addAlias(at('team@example.org'), [at('sales@example.org')]);
    await to.addAlias(at('c1@example.org'), [at('alice@example.org')]);
    for (let n = 2; n <= CHAIN; n++) await to.addAlias(at(`c${n}@example.org`), [at(`c${n - 1}@example.org`)]);
    await to.addAlias(
      at('list@example.org'),
      Array.from({ length: MANY }, (_, n) => at(`r${n}@x.example`)),
    );
    await to.addAlias(at('more@example.org'), [at('bob@example.org')]);
  }

  it('may make the aliases that a command may, and no others', async () => {
    await makeAliases();
    const before = aliases();
    const restore = () =>
      write(
        'delete from aliases where (alias, target) not in (select value ->> 0, value ->> 1 from json_each(?))',
        JSON.stringify(before),
      );
    for (const { what, alias, target, refused } of ALIASES) {
      const byCommand = store.directory.addAlias(parseMailbox(alias) ?? at(alias), [
        parseMailbox(target) ?? at(target),
      ]);
      if (refused !== undefined) {
        await fails('refused', byCommand);
        expect(() => write(aliasSql, alias, target), what).to.throw(refused);
      } else {
        await byCommand;
        const made = aliases();
        restore();
        write(aliasSql, alias, target);
        expect(aliases(), what).to.deep.equal(made);
        restore();
      }
      expect(aliases(), what).to.deep.equal(before);
    }
  });

  it('may name the addresses elsewhere and the domains that a command may', () => {
    write("insert into domains (name) values ('example.net')");
    for (const text of ADDRESSES) {
      const parsed = parseMailbox(text);
      const isTaken = parsed !== undefined && isAscii(text);
      const insert = () => write(aliasSql, 'new@example.net', text);
      if (isTaken) expect(insert, text).not.to.throw();
      else expect(insert, text).to.throw(/a target in another domain is an address|such as sales@example\.org/);
    }
    for (const name of ADDRESSES.map((text) => text.slice(text.lastIndexOf('@') + 1)).filter(
      (text) => !text.startsWith('x.example'),
    )) {
      const insert = () => write('insert or ignore into domains (name) values (?)', name);
      if (isTakenDomain(name)) expect(insert, name).not.to.throw(/a domain is a name/);
      else expect(insert, name).to.throw(/a domain is a name/);
    }
  });

  it('may not make an alias of a domain that is not local, as a command may and says', () => {
    expect(() => write(aliasSql, 'sales@shop.example', 'alice@example.org')).to.throw(/insert it into domains first/);
    for (const alias of ['sales', '', 5])
      expect(() => write(aliasSql, alias, 'alice@example.org')).to.throw(
        /insert it into domains first|such as sales@example\.org/,
      );
  });

  it('may not write what a NUL hides the end of', () => {
    const targets = [
      ...['alice', 'alice@example.org', 'carol@x.example'].map((target) => `${target}\0`),
      'a\0@x.example',
    ];
    for (const [alias, target] of [
      ...targets.map((each) => ['new@example.org', each] as const),
      ...['new@example.org\0', 'n\0ew@example.org', 'new@example\0.org'].map(
        (each) => [each, 'alice@example.org'] as const,
      ),
    ])
      expect(() => write(aliasSql, alias, target), JSON.stringify([alias, target])).to.throw(/addresses such as/);
    expect(() => write('insert into domains (name) values (?)', 'x.example\0y')).to.throw(/a domain is a name/);
    expect(aliases()).to.deep.equal([]);
  });

  it('may change where an alias leads, and take it away', async () => {
    await makeAliases();
    write("update aliases set target = 'bob@example.org' where alias = 'sales@example.org'");
    expect(() => write("update aliases set target = 'team@example.org' where alias = 'sales@example.org'")).to.throw(
      /lead to itself/,
    );
    write("delete from aliases where alias = 'team@example.org'");
    expect(aliases()).to.deep.include(['sales@example.org', 'bob@example.org']);
    expect(
      shell.prepare("select count(*) from aliases where 'team@example.org' in (alias, target)").pluck().get(),
    ).to.equal(0);
  });

  it('may make a domain local, whose names are then compared without case, and may take it away with its aliases', async () => {
    write(aliasSql, 'sales@example.org', 'Carol@x.example');
    write(aliasSql, 'team@example.org', 'alice@example.org');
    write("insert into domains (name) values ('X.Example')");
    expect(() => write("insert into domains (name) values ('x.example')")).to.throw(/local already/);
    expect(() => write("update domains set name = 'y.example'")).to.throw(/keeps its name/);
    await store.directory.addAccount(at('carol@x.example'), 'hash');
    expect(await store.resolve(at('sales@example.org'))).to.have.property('kind', 'local');
    expect(() => write("delete from domains where name = 'x.example'")).to.throw(/account remove/);
    await store.directory.removeAccount(at('carol@x.example'));
    write(aliasSql, 'any@x.example', 'alice@example.org');
    write(aliasSql, 'team@example.org', 'any@x.example');
    write("delete from domains where name = 'x.example'");
    expect((await store.directory.listDomains()).map(({ name }) => name)).to.deep.equal(['example.org']);
    expect(await store.directory.listAliases()).to.deep.equal([
      { address: 'team@example.org', targets: ['alice@example.org'] },
    ]);
  });

  it('may write settings of accounts, and neither make nor remove one', async () => {
    const set = (setting: string) => write(`update accounts set ${setting} where account = 'alice@example.org'`);
    set("enabled = 0, quota = 1000, recipients_per_hour = 7, recipients_per_day = 'none'");
    const [alice] = await store.directory.listAccounts();
    expect(alice).to.include({ address: 'alice@example.org', enabled: false, quotaOctets: 1000 });
    expect((await store.directory.findRecipientUse(at('alice@example.org'))).own).to.deep.equal({
      perHour: 7,
      perDay: 'none',
    });
    set('enabled = 1, quota = null, recipients_per_hour = null, quota_messages = 7, keeps_mail = 1');
    const settings = 'quota, quota_messages, recipients_per_hour, recipients_per_day, keeps_mail, expire_days';
    const found = () => shell.prepare(`select enabled, ${settings} from accounts`).raw().get();
    expect(found()).to.deep.equal([1, null, 7, null, 'none', 1, null]);
    expect((await store.directory.listAccounts())[0]).to.include({ quotaMessages: 7, keepsMail: true });
    for (const [expires, days] of [
      ['30', 30],
      ["'never'", undefined],
      ['null', 90],
    ] as const) {
      write('update domains set expire_days = 90');
      set(`expire_days = ${expires}`);
      expect((await store.directory.listAccounts())[0]?.expireDays).to.equal(days);
    }
    for (const wrong of [
      'enabled = 2',
      'enabled = null',
      'quota = -1',
      "quota = '1GiB'",
      'quota = 1.5',
      'quota_messages = -1',
      "quota_messages = 'many'",
      'keeps_mail = 2',
      'expire_days = 0',
      'expire_days = 36501',
      "expire_days = '30d'",
      'recipients_per_day = -1',
      "recipients_per_hour = 'many'",
      "account = 'x@example.org'",
      'refuses_mail = 1',
      'refuses_mail = 2, enabled = 0',
    ])
      expect(() => set(wrong), wrong).to.throw(/is 1, or 0|is 0, or 1|whole number|a shell may write/);
    set('enabled = 0, refuses_mail = 1');
    expect(await store.resolve(at('alice@example.org'))).to.deep.equal({ kind: 'disabled' });
    set('enabled = 1');
    expect((await store.directory.listAccounts())[0]).to.include({ enabled: true, refusesMail: false });
    expect(() => write("insert into accounts (account) values ('dave@example.org')")).to.throw(/account add/);
    expect(() => write("delete from accounts where account = 'bob@example.org'")).to.throw(/account remove/);
  });

  it('may give a domain a quota, which counts for what its accounts have and for what comes meanwhile', async () => {
    const alice = (await store.findLogin('alice'))?.id as number;
    const send = () => deliver(store, envelopeTo(alice), Buffer.from('text\r\n'));
    const counted = () => shell.prepare("select messages from domain where name = 'example.org'").pluck().get();
    await send(); // The store remembers that the domain has no quota.
    write("update domains set quota_messages = 3 where name = 'example.org'");
    await send();
    await eventually('both to be counted', () => counted() === 2);
    await send();
    await fails('over-quota', send());
    const [room] = await store.directory.listDomains();
    expect(room).to.deep.include({ name: 'example.org', quotaMessages: 3 });
    expect(room?.held?.messages).to.equal(3);
    write("update domains set quota_messages = null where name = 'example.org'");
    told.length = 0;
    await send().catch(() => undefined); // By what the store remembers.
    await eventually('it to be told', () => told.includes('anybody'));
    await send();
    expect(counted()).to.equal(null);
    write("insert into domains (name, quota, expire_days) values ('shop.example', 1000, 7)");
    const shown = () => shell.prepare("select * from domains where name = 'shop.example'").raw().get();
    expect(shown()).to.deep.equal(['shop.example', 0, 0, 0, 0, 1000, null, 7, null]);
    for (const wrong of ['quota = -1', "quota_messages = 'x'", 'expire_days = 0', 'messages = 1', 'accounts = 1'])
      expect(() => write(`update domains set ${wrong}`), wrong).to.throw(/whole number|a shell may write/);
    expect(() => write("insert into domains (name, quota) values ('b.example', 'lots')")).to.throw(/whole number/);
    expect(shell.prepare("select count(*) from domains where name = 'b.example'").pluck().get()).to.equal(0);
  });

  it('counts a quota that was set while no server ran', async () => {
    const alice = (await store.findLogin('alice'))?.id as number;
    await deliver(store, envelopeTo(alice), Buffer.from('text\r\n'));
    await server?.close();
    write("update domains set quota = 1000 where name = 'example.org'");
    server = await sqlite.start(db, observer);
    await eventually('it to be counted', () => shell.prepare('select messages from domain').pluck().get() === 1);
  });

  it('has mail expire that is old enough, as soon as that is noticed', async () => {
    const alice = (await store.findLogin('alice'))?.id as number;
    await deliver(store, envelopeTo(alice), Buffer.from('text\r\n'));
    write("update accounts set expire_days = 2 where account = 'alice@example.org'");
    await eventually('its age to be noted', () => shell.prepare('select count(*) from age').pluck().get() === 1);
  });

  it('may make a domain another name of one, and give it names of its own again', async () => {
    const aliasOf = () => shell.prepare('select name, alias_of from domains order by name').raw().all();
    write(aliasSql, 'sales@example.org', 'Alice@x.example');
    write("insert into domains (name, alias_of) values ('X.example', 'Example.org')");
    expect(aliasOf()).to.deep.equal([
      ['example.org', null],
      ['x.example', 'example.org'],
    ]);
    expect(aliases()).to.deep.equal([['sales@example.org', 'alice@example.org']]);
    await eventually('it to be told', () => told.includes('anybody'));
    expect(await store.resolve(at('bob@x.example'))).to.have.nested.property('targets[0].address', 'bob@example.org');
    write(aliasSql, 'team@example.org', 'bob@X.example');
    expect(aliases()).to.deep.include(['team@example.org', 'bob@example.org']);
    write("insert into domains (name) values ('y.example')");
    write(aliasSql, 'any@y.example', 'bob@example.org');
    for (const [sql, why] of [
      ["insert into aliases (alias, target) values ('new@x.example', 'bob@example.org')", /alias of another/],
      ["update domains set alias_of = 'x.example' where name = 'y.example'", /no alias itself/],
      ["update domains set alias_of = 'y.example' where name = 'y.example'", /no alias itself/],
      ["update domains set alias_of = 'example.org' where name = 'y.example'", /has accounts, aliases/],
      ["update domains set alias_of = 'y.example' where name = 'example.org'", /has accounts, aliases/],
      ["update domains set quota = 5 where name = 'x.example'", /neither a quota/],
      ["insert into domains (name, alias_of) values ('z.example', 'elsewhere.example')", /no alias itself/],
      ["update domains set accounts = 5 where name = 'y.example'", /a shell may write/],
    ] as const)
      expect(() => write(sql), sql).to.throw(why);
    write("update domains set alias_of = null where name = 'x.example'");
    write("delete from domains where name = 'x.example'");
    write(aliasSql, 'one@example.org', 'two@x.example');
    write(aliasSql, 'two@example.org', 'one@example.org');
    expect(() => write("insert into domains (name, alias_of) values ('x.example', 'example.org')")).to.throw(
      /lead to themselves/,
    );
  });

  it('may have an account forward its mail, as a command may', async () => {
    const forward = (account: string, target: string, keeps: unknown) =>
      write('insert into forwards (account, target, keeps) values (?, ?, ?)', account, target, keeps);
    const forwards = () => shell.prepare('select * from forwards order by account, target').raw().all();
    forward('Alice@example.org', 'Bob@Example.org', null);
    forward('alice@example.org', 'Carol@x.example', 1);
    expect(forwards()).to.deep.equal([
      ['alice@example.org', 'Carol@x.example', 1],
      ['alice@example.org', 'bob@example.org', 1],
    ]);
    expect(aliases()).to.deep.equal([]);
    expect((await store.directory.listAccounts())[0]?.forward).to.deep.equal({
      ...{ targets: ['Carol@x.example', 'bob@example.org'], keeps: true },
    });
    write("update forwards set keeps = 0, target = 'jürgen@example.org' where target = 'Carol@x.example'");
    expect(forwards().at(-1)).to.deep.equal(['alice@example.org', 'jürgen@example.org', 0]);
    expect(() => forward('bob@example.org', 'alice@example.org', 0)).to.throw(/lead to itself/);
    expect(() => forward('bob@example.org', 'nobody@example.org', 0)).to.throw(/add it first/);
    expect(() => forward('nobody@example.org', 'bob@example.org', 0)).to.throw(/no such account/);
    expect(() => forward('bob@example.org', 'jürgen@example.org', 2)).to.throw(/keeps is 1/);
    expect(() => write("update forwards set account = 'bob@example.org'")).to.throw(/a delete and an insert/);
    write('delete from forwards');
    expect((await store.directory.listAccounts())[0]?.forward).to.equal(undefined);
    expect(shell.prepare('select sum(forwards) from account').pluck().get()).to.equal(0);
  });

  it('is noticed by every process within a second: what was remembered is forgotten, and logins are looked at again', async () => {
    const alice = (await store.findLogin('alice'))?.id as number;
    await deliver(store, envelopeTo(alice), Buffer.from('text\r\n')); // The store remembers what she may hold.
    expect(await store.resolve(at('alice@example.org'))).to.have.property('kind', 'local');
    const sinceMs = performance.now();
    write("update accounts set quota = 10, enabled = 0 where account = 'alice@example.org'");
    await eventually('it to be told', () => told.includes('anybody'));
    expect(performance.now() - sinceMs).to.be.below(1_000);
    expect(await store.resolve(at('alice@example.org')))
      .to.have.nested.property('targets[0].rooms[0].freeOctets')
      .below(0);
    await fails('over-quota', deliver(store, envelopeTo(alice), Buffer.from('text\r\n')));
    told.length = 0;
    write("update accounts set quota = null where account = 'alice@example.org'");
    await eventually('it to be told again', () => told.includes('anybody'));
    await deliver(store, envelopeTo(alice), Buffer.from('text\r\n'));
  });

  it('is noticed in the tables too, which keep no rules, and what the store itself writes is not taken for it', async () => {
    const alice = (await store.findLogin('alice'))?.id as number;
    await store.directory.addAlias(at('sales@example.org'), [at('alice@example.org')]);
    await deliver(store, envelopeTo(alice), Buffer.from('text\r\n'));
    expect(await store.resolve(at('sales@example.org'))).to.have.property('kind', 'local'); // It is remembered.
    told.length = 0;
    await sleep(LOOKS_MS);
    expect(told).to.deep.equal([]);
    write("update alias set target = 'bob@example.org' where local = 'sales'");
    write(`update account set quota_octets = 10 where id = ${alice}`);
    await eventually('it to be told', () => told.includes('anybody'));
    expect(await store.resolve(at('sales@example.org'))).to.have.nested.property(
      'targets[0].address',
      'bob@example.org',
    );
    await fails('over-quota', deliver(store, envelopeTo(alice), Buffer.from('text\r\n')));
  });

  it('holds up who writes for as long as it holds the database, and nobody else; nothing is lost', async () => {
    const alice = (await store.findLogin('alice'))?.id as number;
    const other = await store.open(alice, { from: 'before' });
    write('begin immediate');
    const delivered = deliver(store, envelopeTo(alice), Buffer.from('text\r\n'));
    const beganMs = performance.now();
    await other.release();
    const maildrop = await eventually('the maildrop to be free', () =>
      store.open(alice, { from: 'test' }).catch(() => undefined),
    );
    expect(performance.now() - beganMs).to.be.below(1_000);
    expect(maildrop.count).to.equal(0);
    await maildrop.release();
    write('commit');
    await delivered;
    expect(shell.prepare('select messages from mailboxes').pluck().get()).to.equal(1);
  });

  it('that holds it for longer has writes fail as busy, and the next go on when it is over', async () => {
    await store.close();
    await server?.close();
    server = undefined;
    const connection = openForWriting(db);
    waitForNobody(connection);
    const [failed, done]: [string[], string[]] = [[], []];
    const committed = () => undefined;
    const group = new GroupCommit(
      connection,
      { writer: new Writer(connection), lost: () => undefined, committed, failed: committed },
      100,
    );
    const add = (name: string): void =>
      group.add({
        act: (writer) => writer.ensureDomain(name),
        done: () => void done.push(name),
        failed: ({ kind }) => void failed.push(`${name} ${kind}`),
        bytes: 0,
      });
    write('begin immediate');
    for (const name of ['a.example', 'b.example']) add(name);
    await eventually('both to fail', () => failed.length === 2);
    expect(failed).to.deep.equal(['a.example busy', 'b.example busy']);
    for (const name of ['c.example', 'd.example']) add(name);
    setTimeout(() => write('rollback'), 50);
    await eventually('both to be written', () => done.length === 2);
    expect(done).to.deep.equal(['c.example', 'd.example']);
    expect(
      shell.prepare("select name from domains where name like '%.example' order by name").pluck().all(),
    ).to.deep.equal(done);
    connection.close();
  });
});

function isTakenDomain(text: string): boolean {
  try {
    return domainName(text) !== '';
  } catch {
    return false;
  }
}
