/**
 * The store's process: becomes the store of the database or says that another process is.
 * On an empty database it makes the first account, whose password goes to the supervisor to be shown once.
 * When the disk fails, or the supervisor is gone, it ends.
 */
import { setTimeout } from 'node:timers/promises';
import { generatePassword } from '../auth/password.js';
import { secretsOf } from '../auth/secrets.js';
import { minFreeBytes } from '../config/min-free.js';
import { LineOutput } from '../log/line-output.js';
import { createLog, type Log } from '../log/log.js';
import { openUnblocked } from '../log/unblocked.js';
import type { RunningStore, StoreObserver } from '../store/driver.js';
import { StoreError } from '../store/errors.js';
import { driverOf } from '../store/open.js';
import { receiveFromSupervisor, sendToSupervisor } from './control/child.js';
import { watchDescriptors } from './control/descriptors.js';
import {
  UNMOVED_STATUS,
  type FirstAccount,
  type FromStore,
  type StoreStart,
  type ToStore,
} from './control/messages.js';

const DISK_ERROR_STATUS = 74;
/** Of what must be free for mail to be taken: what was removed makes room before any is refused. */
const PURGE_EARLIER = 2;
/** How often what a full or failing disk refused is tried again. */
const AGAIN_MS = 1_000;

export function runStore(): void {
  let store: Promise<RunningStore | undefined> | undefined;
  receiveFromSupervisor((told) => {
    const message = told as ToStore;
    if (message.kind === 'start') store = start(message);
    else void stop(store);
  });
  process.on('disconnect', () => void stop(store)); // The supervisor is gone, and its workers with it.
}

async function start({ configuration, again }: StoreStart): Promise<RunningStore | undefined> {
  const log = createLog(configuration.logLevel, 'store', new LineOutput(openUnblocked(1)));
  watchDescriptors(log);
  try {
    const { db, keepDeliveries, keepArrivals, keepRemoved, index } = configuration;
    const options = {
      ...{ mustExist: again, keepDeliveriesMs: keepDeliveries, keepRemovedMs: keepRemoved, indexesMail: index },
      keepArrivalsMs: keepArrivals,
      minFreeBytes: PURGE_EARLIER * minFreeBytes(configuration),
    };
    let fetching: Demand | undefined;
    const store = await driverOf(db).start(
      db,
      observer(log, () => fetching?.look()),
      options,
    );
    if (store === undefined) leave({ kind: 'held' });
    else {
      const demand = new Demand('fetcher', () => store.hasCollectors());
      fetching = demand;
      await serve(store, { domain: configuration.domain, log, written: () => demand.look() });
    }
    return store;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    leave({ kind: 'failed', sentence: error.message });
    return undefined;
  }
}

/** One that still opens its database does so first: what it has begun there ends in order. */
async function stop(store: Promise<RunningStore | undefined> | undefined): Promise<void> {
  await (await store)?.close();
  process.exit(0);
}

function observer(log: Log, directoryChanged: () => void): StoreObserver {
  return {
    directoryChanged,
    noted: (what, details) => log.warn(details, what),
    trouble: (what, error) => log.error({ err: error }, what),
    stopped: (during) => process.exit(during === 'checkpoint' ? UNMOVED_STATUS : DISK_ERROR_STATUS),
  };
}

/** Whether there is work for a role that is there on demand: told when it is another than before. */
class Demand {
  readonly #role: string;
  readonly #isThere: () => boolean;
  #wasThere = false;

  constructor(role: string, isThere: () => boolean) {
    this.#role = role;
    this.#isThere = isThere;
  }

  /** A database that cannot be read says nothing new. */
  look(): void {
    try {
      const isWanted = this.#isThere();
      if (isWanted !== this.#wasThere) send({ kind: 'demand', role: this.#role, isWanted });
      this.#wasThere = isWanted;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }
}

interface Serving {
  readonly domain: string;
  readonly log: Log;
  /** The database can be written. */
  readonly written: () => void;
}

/** A database that cannot be written yet can be read: the server is ready, and what is to be made there comes later. */
async function serve(store: RunningStore, serving: Serving): Promise<void> {
  const { domain, log, written } = serving;
  if (store.refusal === undefined) store.hasAccounts(); // One that is damaged here starts no server.
  const made = await makeAddresses(store, domain).catch((error: unknown) => notYet(log, error));
  announce(made?.firstAccount);
  send({ kind: 'ready' });
  if (made === undefined) void makeAddressesLater(store, serving);
  else written();
}

async function makeAddressesLater(store: RunningStore, { domain, log, written }: Serving): Promise<void> {
  for (;;) {
    await setTimeout(AGAIN_MS);
    const made = await makeAddresses(store, domain).catch((error: unknown) => notYet(log, error));
    announce(made?.firstAccount);
    if (made !== undefined) return written();
  }
}

function notYet(log: Log, error: unknown): undefined {
  if (!(error instanceof StoreError) || error.kind === 'refused') throw error;
  log.debug({ err: error }, 'the domain is made local later');
  return undefined;
}

/** The domain is made local; with no account at all, its postmaster is made too. @throws StoreError */
async function makeAddresses(store: RunningStore, domain: string): Promise<{ firstAccount?: FirstAccount }> {
  if (store.hasAccounts()) {
    await store.makeLocal(domain, undefined);
    return {};
  }
  const address = `postmaster@${domain}`;
  const password = generatePassword();
  const secrets = await secretsOf(password, { address, saltSecret: store.saltSecret() });
  await store.makeLocal(domain, { address: { local: 'postmaster', domain }, secrets });
  return { firstAccount: { address, password } };
}

function announce(firstAccount: FirstAccount | undefined): void {
  if (firstAccount !== undefined) send({ kind: 'first-account', firstAccount });
}

function send(message: FromStore): void {
  sendToSupervisor(message);
}

/** Says the last word and ends. */
function leave(message: FromStore): void {
  process.send?.(message, undefined, {}, () => process.exit(0));
}
