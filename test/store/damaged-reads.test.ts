/** Whatever a process reads through the store from a database that is damaged ends in a StoreError: no method can be without. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Autoreplies } from '../../src/store/autoreplies.js';
import type { Collectors } from '../../src/store/collectors.js';
import type { Deliveries } from '../../src/store/deliveries.js';
import type { Devices } from '../../src/store/devices.js';
import type { Directory } from '../../src/store/directory.js';
import { StoreError } from '../../src/store/errors.js';
import type { Logins } from '../../src/store/logins.js';
import type { Mailboxes } from '../../src/store/mailboxes.js';
import type { Maildrop, Maildrops } from '../../src/store/maildrops.js';
import type { RelayLogins } from '../../src/store/relay-logins.js';
import type { WebSessions } from '../../src/store/web-sessions.js';
import type { RemovedMail } from '../../src/store/removed-mail.js';
import type { Routes } from '../../src/store/routes.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import type { MailStore } from '../../src/store/store.js';
import { allPieces } from '../support/sources.js';
import { at, deliver, envelopeTo, openSoon } from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const ALICE = at('alice@example.org');
const MESSAGES = 600;

/** What reads, and what nothing is read for: a method that is added here has to say which it is. */
type Reads<T, Without extends keyof T> = Record<Exclude<keyof T, Without>, (part: T) => unknown>;

const deliveries: Reads<Deliveries, 'deliver' | 'availability'> = {
  resolve: (store) => store.resolve(ALICE),
  recipientsLeft: (store) => store.recipientsLeft(1, {}),
  recipientsAtMost: (store) => store.recipientsAtMost(1, {}),
};
const maildrops: Reads<Maildrops, never> = {
  open: (store) => store.open(1, { from: 'test' }),
  leastExpireDays: (store) => store.leastExpireDays(),
};
const views: Reads<Maildrops, 'leastExpireDays'> = { open: (store) => store.open(1, { from: 'test', view: 7 }) };
// A worker knows its first domain.
const logins: Reads<Logins, 'recordUse' | 'renew' | 'loginAddress'> = {
  findLogin: (store) => store.findLogin('alice@example.org'),
  stands: (store) => store.stands({ account: 1, scope: 'smtp', passwordVersion: 1 }),
  saltSecret: (store) => store.saltSecret(),
};
const mailboxes: Reads<Mailboxes, 'indexMail'> = {
  countMail: (part) => part.countMail(ALICE),
  listMail: (part) => part.listMail(ALICE),
  newestMail: (part) => part.newestMail(ALICE, { start: 1, limit: 1 }),
  showMail: (part) => part.showMail(ALICE, [1]),
  findMail: (part) => part.findMail(ALICE, 1),
  findImported: (part) => part.findImported(ALICE, [Buffer.alloc(32)]),
  readMail: (part) => allPieces(part.readMail(ALICE, 1)),
  searchMail: (part) => part.searchMail(ALICE, { all: [[{ text: 'x' }]], none: [] }, { limit: 1 }),
  countUnindexed: (part) => part.countUnindexed(),
};
const devices: Reads<Devices, 'addDevice' | 'setDevice' | 'removeDevice' | 'recordRefusal'> = {
  listDevices: (part) => part.listDevices(),
  listedDevices: (part) => part.listedDevices(),
  findDevice: (part) => part.findDevice(1),
};
type Changes = Exclude<keyof Directory, `list${string}` | `find${string}`>;
const directory: Reads<Directory, Changes> = {
  listCredentials: (part) => part.listCredentials(ALICE),
  listAccounts: (part) => part.listAccounts(),
  listDomains: (part) => part.listDomains(),
  listAliases: (part) => part.listAliases(),
  findRecipientUse: (part) => part.findRecipientUse(ALICE),
};
const webSessions: Reads<WebSessions, `${'add' | 'extend' | 'remove'}WebSession`> = {
  findWebSession: (part) => part.findWebSession('a1'),
  listWebSessions: (part) => part.listWebSessions(ALICE),
};
const relayLogins: Reads<RelayLogins, Exclude<keyof RelayLogins, `find${string}` | `list${string}`>> = {
  findRelayLogin: (part) => part.findRelayLogin('office@example.org'),
  listRelayLogins: (part) => part.listRelayLogins(),
};
const autoreplies: Reads<Autoreplies, 'setAutoreply' | 'claimAnswer'> = {
  findAutoreply: (part) => part.findAutoreply(ALICE),
  findAnswer: (part) => part.findAnswer(1, 'bob@x.example'),
};
const collectors: Reads<Collectors, Exclude<keyof Collectors, `find${string}` | `list${string}`>> = {
  findCollector: (part) => part.findCollector(1),
  listCollectors: (part) => part.listCollectors(),
};
const removedMail: Reads<RemovedMail, 'restoreMail'> = {
  removeMailById: (part) => part.removeMailById(ALICE, [1], 'test'),
  restoreMailById: (part) => part.restoreMailById(ALICE, [1]),
  listRemoved: (part) => part.listRemoved(ALICE),
  restoreTo: (part) => part.restoreTo(ALICE, 0),
  removeMail: (part) => part.removeMail(ALICE, [[1, 1]]),
};
const routes: Reads<Routes, 'addRoute' | 'removeRoute'> = {
  findRoute: (part) => part.findRoute('x.example', 'alice@example.org'),
  listRoutes: (part) => part.listRoutes(),
};
const maildrop: Reads<Maildrop, 'count' | 'octets' | 'release'> = {
  pages: (part) => allPieces(part.pages()),
  find: (part) => part.find(MESSAGES / 2),
  read: (part) => allPieces(part.read(MESSAGES / 2)),
  remove: (part) => part.remove([[1, MESSAGES]]),
};

/** Of each table and each index the root page: what reads any of them meets it first. */
function damage(db: string): void {
  const connection = openConnection(db);
  connection.pragma('wal_checkpoint(TRUNCATE)');
  const size = Number(connection.pragma('page_size', { simple: true }));
  const roots = connection.prepare<[], number>('select rootpage from sqlite_schema where rootpage > 0').pluck().all();
  connection.close();
  const file = openSync(db, 'r+');
  for (const page of roots) writeSync(file, Buffer.alloc(size, 0xff), 0, size, (page - 1) * size);
  closeSync(file);
}

async function failureOf(act: () => unknown): Promise<unknown> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a read from a damaged database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pennypost-reads-'));
  const db = join(folder, 'mail.db');
  let store: MailStore;
  let reading: MailStore;
  let held: Maildrop;

  before(async () => {
    store = await sqlite.open(db);
    await store.directory.addAccount(ALICE, HASH);
    await store.directory.addAccount(at('bob@example.org'), HASH);
    for (let count = 0; count < MESSAGES; count += 100)
      await Promise.all(Array.from({ length: 100 }, () => deliver(store, envelopeTo(2), Buffer.from('x\r\n'))));
    await new Promise<void>((found) => {
      reading = sqlite.join(db, {
        ...{ domain: 'example.org', minFreeBytes: 0 },
        ...{ changed: () => found(), replaced: () => undefined },
      });
    });
    held = await openSoon(reading, 2);
    damage(db);
  });

  after(async () => {
    await reading.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const parts = {
    deliveries: [deliveries, () => reading],
    maildrops: [maildrops, () => reading],
    views: [views, () => reading],
    logins: [logins, () => reading],
    mailboxes: [mailboxes, () => reading.mailboxes],
    directory: [directory, () => reading.directory],
    webSessions: [webSessions, () => reading.webSessions],
    relayLogins: [relayLogins, () => reading.relayLogins],
    autoreplies: [autoreplies, () => reading.autoreplies],
    collectors: [collectors, () => reading.collectors],
    removedMail: [removedMail, () => reading.removedMail],
    routes: [routes, () => reading.routes],
    devices: [devices, () => reading.devices],
    maildrop: [maildrop, () => held],
  } as const;
  for (const [name, [methods, part]] of Object.entries(parts))
    for (const [method, read] of Object.entries(methods))
      it(`fails as the store does: ${name}.${method}`, async () => {
        const error = await failureOf(() => (read as (part: unknown) => unknown)(part()));
        expect(error).to.be.instanceOf(StoreError);
        expect((error as StoreError).kind).to.equal('unavailable');
        expect((error as StoreError).message)
          .to.include(db)
          .and.match(/damaged/);
      });
});
