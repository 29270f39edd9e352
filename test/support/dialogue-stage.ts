/**
 * What a dialogue is given: a store of its own, real SQLite unless told, with accounts, names and messages,
 * brought back to where it began between two replays as cheaply as what changed allows.
 */
import { Buffer } from 'node:buffer';
import { scryptSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routeAction } from '../../src/config/routes.js';
import { grantOf } from '../../src/auth/login.js';
import type { Login } from '../../src/smtp/state.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { StoreError, type StoreErrorKind } from '../../src/store/errors.js';
import type { Address } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { everything, parts } from './maildrops.js';
import { piecesAtOnce } from './sources.js';
import type { Given, StorePoint } from './dialogue.js';

export const DOMAIN = 'example.org';
const RETRY_MS = 2;
const RETRIES = 500;

/** What a stage stands on: one store, as sessions see it and as the test looks at it, which gets its answers at once. */
export interface Ground {
  readonly forSessions: MailStore;
  readonly own: MailStore;
  close(): Promise<void>;
}

async function onSqlite(): Promise<Ground> {
  const directory = mkdtempSync(join(tmpdir(), 'pennypost-dialogue-'));
  const store = await sqlite.open(join(directory, 'mail.db'));
  return {
    forSessions: store,
    own: store,
    close: async () => {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
}

type Failures = ReadonlyMap<StorePoint, StoreErrorKind>;

export class Stage {
  /** As sessions see it: fails where the dialogue says so. */
  readonly store: MailStore;
  readonly #store: MailStore;
  readonly #ground: Ground;
  readonly #mail: ReadonlyMap<string, readonly Buffer[]>;
  #baseline = new Map<string, string>();

  static async set(givens: readonly Given[], ground: () => Promise<Ground> = onSqlite): Promise<Stage> {
    const stage = new Stage(await ground(), givens);
    await stage.#provide(givens);
    return stage;
  }

  private constructor(ground: Ground, givens: readonly Given[]) {
    this.#ground = ground;
    this.#store = ground.own;
    this.store = failing(ground.forSessions, failuresOf(givens));
    this.#mail = mailOf(givens);
  }

  /** As RETR would send them. */
  messages(name: string): readonly Buffer[] {
    const address = addressOf(name);
    const { mailboxes } = this.#store;
    return now(mailboxes.listMail(address)).map(({ id }) =>
      Buffer.concat(piecesAtOnce(now(mailboxes.readMail(address, id)))),
    );
  }

  /** Every maildrop as it was given. */
  async reset(): Promise<void> {
    for (const [name, was] of this.#baseline) if (this.#uidls(name) !== was) await this.#refill(name);
  }

  async close(): Promise<void> {
    await this.#ground.close();
  }

  async #provide(givens: readonly Given[]): Promise<void> {
    const { directory, queuedMail, routes } = this.#store;
    await directory.addDomain(DOMAIN);
    for (const given of givens) {
      if (given.kind === 'domain') await directory.addDomain(given.name);
      else if (given.kind === 'account') await directory.addAccount(addressOf(given.name), cheapHash(given.password));
      else if (given.kind === 'quota')
        await (given.name.includes('.')
          ? directory.setDomainQuota(given.name, given.quota)
          : directory.setQuota(addressOf(given.name), given.quota));
      else if (given.kind === 'disabled') await directory.setEnabled(addressOf(given.name), false, true);
      else if (given.kind === 'route')
        await routes.addRoute({ scope: given.scope, domain: given.domain, action: routeAction(given.target) });
      else if (given.kind === 'suppressed') await queuedMail.addSuppression(given.address, 'asked for it');
      else if (given.kind === 'alias') await directory.addAlias(addressOf(given.name), given.targets.map(addressOf));
    }
    for (const name of this.#mail.keys()) await this.#refill(name);
  }

  async #refill(name: string): Promise<void> {
    const id = this.login(name).account;
    const maildrop = await this.#open(id);
    await maildrop.remove(everything(maildrop));
    await maildrop.release();
    await Promise.all((this.#mail.get(name) ?? []).map((content) => this.#deliver(id, content)));
    this.#baseline.set(name, this.#uidls(name));
  }

  /** The lock of a session that has just been dropped is on its way to the store. */
  async #open(account: number) {
    for (let left = RETRIES; ; left--) {
      try {
        return await this.#store.open(account, { from: 'the test itself' });
      } catch (error) {
        if (!(error instanceof StoreError) || error.kind !== 'in-use' || left === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** The first line stands for the trace headers, so that RETR crosses from them to the body. */
  #deliver(account: number, content: Buffer): Promise<unknown> {
    const traceEnd = content.indexOf('\r\n') + 2;
    const trace = content.subarray(0, traceEnd);
    const delivery = this.#store.deliver({
      reversePath: '',
      receivedAtMs: Date.now(),
      recipients: [{ kind: 'local', account, recipient: 'somebody', trace }],
    });
    void delivery.write(content.subarray(traceEnd));
    return delivery.commit();
  }

  /** Who has logged in under this name. */
  login(name: string): Login {
    const { local, domain } = addressOf(name);
    const account = now(this.#store.findLogin(`${local}@${domain}`));
    if (account === undefined) throw new Error(`${name} was not given`);
    return { ...grantOf({ account }, 'smtp'), address: account.address };
  }

  #uidls(name: string): string {
    return now(this.#store.mailboxes.listMail(addressOf(name)))
      .map(({ uidl }) => uidl)
      .join();
  }
}

export function addressOf(name: string): Address {
  const at = name.lastIndexOf('@');
  return at === -1 ? { local: name, domain: DOMAIN } : { local: name.slice(0, at), domain: name.slice(at + 1) };
}

function mailOf(givens: readonly Given[]): ReadonlyMap<string, readonly Buffer[]> {
  const mail = new Map<string, Buffer[]>();
  for (const given of givens) {
    if (given.kind === 'account') mail.set(given.name, [...given.messages]);
    if (given.kind === 'message') mail.get(given.name)?.push(given.content);
  }
  return mail;
}

/** A hash that costs next to nothing: the cost stands in the hash, and every replay logs in. */
function cheapHash(password: string): string {
  const salt = Buffer.from('a salt of sixteen').subarray(0, 16);
  const hash = scryptSync(password.normalize('NFKC'), salt, 32, { N: 2, r: 1, p: 1 });
  const text = (value: Buffer) => value.toString('base64').replaceAll('=', '');
  return `$scrypt$ln=1,r=1,p=1$${text(salt)}$${text(hash)}`;
}

function failuresOf(givens: readonly Given[]): Failures {
  return new Map(givens.flatMap((given) => (given.kind === 'store failure' ? [[given.at, given.failure]] : [])));
}

/** The store itself, but for what is changed. */
export function changed(store: MailStore, change: Partial<MailStore>): MailStore {
  return {
    autoreplies: store.autoreplies,
    collectors: store.collectors,
    directory: store.directory,
    devices: store.devices,
    history: store.history,
    mailboxes: store.mailboxes,
    queue: store.queue,
    queuedMail: store.queuedMail,
    relayLogins: store.relayLogins,
    webSessions: store.webSessions,
    removedMail: store.removedMail,
    routes: store.routes,
    resolve: (address) => store.resolve(address),
    recipientsLeft: (account, usual) => store.recipientsLeft(account, usual),
    recipientsAtMost: (account, usual) => store.recipientsAtMost(account, usual),
    findLogin: (name) => store.findLogin(name),
    stands: (grant) => store.stands(grant),
    loginAddress: (name) => store.loginAddress(name),
    saltSecret: () => store.saltSecret(),
    recordUse: (use) => store.recordUse(use),
    renew: (renewal) => store.renew(renewal),
    deliver: (envelope) => store.deliver(envelope),
    open: (account, holder) => store.open(account, holder),
    leastExpireDays: () => store.leastExpireDays(),
    close: () => store.close(),
    availability: () => store.availability(),
    ...change,
  };
}

/** The store itself, but for the points where it is to fail. */
function failing(store: MailStore, failures: Failures): MailStore {
  if (failures.size === 0) return store;
  const reach = (point: StorePoint): void => {
    const kind = failures.get(point);
    if (kind !== undefined) throw new StoreError(kind, `secret text of the failure at ${point}`);
  };
  return changed(store, {
    resolve: (address) => (reach('resolve'), store.resolve(address)),
    findLogin: (name) => (reach('login'), store.findLogin(name)),
    deliver(envelope) {
      const delivery = store.deliver(envelope);
      return {
        write: (chunk) => (reach('write'), delivery.write(chunk)),
        commit: async () => {
          reach('commit');
          return delivery.commit();
        },
        abort: () => delivery.abort(),
      };
    },
    async open(account, holder) {
      reach('open');
      const maildrop = await store.open(account, holder);
      return {
        ...parts(maildrop),
        read: (id) => (reach('read'), maildrop.read(id)),
        remove: async (numbers) => {
          reach('remove');
          await maildrop.remove(numbers);
        },
      };
    },
  });
}

function now<T>(soon: T | Promise<T>): T {
  if (soon instanceof Promise) throw new Error('this driver was to answer at once');
  return soon;
}
