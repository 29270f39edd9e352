/**
 * The process that empties the queue: takes what is due from the store and sends it on. Speaks to no client of ours.
 * Told to drain, it begins nothing more, finishes what is under way and gives back the rest; killed, it leaves leases that the next
 * sender's beginning returns to the queue.
 */
import { randomUUID } from 'node:crypto';
import { readPassword } from '../config/load.js';
import type { Configuration } from '../config/configuration.js';
import { LineOutput } from '../log/line-output.js';
import { createLog, type Log } from '../log/log.js';
import { openUnblocked } from '../log/unblocked.js';
import { tryToRefresh } from '../oauth/token-request.js';
import { AccessTokens } from '../outbound/access-tokens.js';
import { attemptLog } from '../outbound/attempt-log.js';
import { SmtpClient } from '../outbound/client/client.js';
import { Dispatcher } from '../outbound/dispatcher.js';
import type { DispatcherLimits } from '../outbound/dispatcher-options.js';
import { keyOf } from '../outbound/hop.js';
import type { HopProblem } from '../outbound/hop-problems.js';
import { NoPassword, relaysWith } from '../outbound/relays.js';
import { LiveRoutes, passwordFilesOf } from '../outbound/live-routes.js';
import { ProblemLog } from '../outbound/problem-log.js';
import { PasswordFiles, UnreadablePassword } from '../outbound/password-files.js';
import { Schedule } from '../outbound/schedule.js';
import { TokenClient } from '../outbound/token-client.js';
import { driverOf } from '../store/open.js';
import { untilTaken } from '../store/patience.js';
import type { MailStore } from '../store/store.js';
import { receiveFromSupervisor, sendToSupervisor } from './control/child.js';
import type { Counts } from './control/control-messages.js';
import { watchDescriptors } from './control/descriptors.js';
import type { FromChild, Start, ToChild } from './control/messages.js';

/** Of SMTP (RFC 5321 §4.5.3.1.8 wants servers to take 100; many relays take fewer). */
const RECIPIENTS = 50;
/** For one next hop: more than is ever planned for it. */
const WAITING = 500;
/** Under way or next; what else waits stays in the store. */
const LEASED = 5_000;
/** A hop that nothing is known of is not overrun. */
const FIRST_CONNECTIONS = 5;
/** In a row, until a hop is dead. */
const FAILURES = 3;
const FIRST_PROBE_MS = 30_000;
const LONGEST_PROBE_MS = 300_000;
const MESSAGES_A_CONNECTION = 100;
const IDLE_MS = 10_000;
/** How often routes are looked at again, for the sake of the files that their passwords are in. */
const ROUTES_MS = 60_000;
/** How often what is wrong with next hops is looked at, for the log. */
const PROBLEMS_MS = 30_000;
/** After a reload. */
const UNSENT_MS = 60_000;
/** For a provider that is being asked to answer, and for the store to take what came: less than what roles.ts leaves for the end. */
const TOKENS_MS = 13_000;

export function runSender(): void {
  let sender: Sender | undefined;
  let beginning: Promise<Sender | undefined> | undefined;
  receiveFromSupervisor(
    (told) => {
      const message = told as Start | ToChild;
      if (message.kind === 'start') beginning = begin(message.configuration).then((begun) => (sender = begun));
      else if (message.kind === 'go') sender?.go();
      else if (message.kind === 'drain') void beginning?.then((begun) => begun?.drain(message.patienceMs));
    },
    () => ({ counts: sender?.counts ?? {}, problems: sender?.problems ?? [] }),
  );
}

/** Undefined when it cannot begin, and ends. */
async function begin(configuration: Configuration): Promise<Sender | undefined> {
  const passwords = new PasswordFiles();
  await passwords.read(relayFileOf(configuration));
  try {
    const sender = new Sender(configuration, passwords);
    send({ kind: 'prepared' });
    return sender;
  } catch (error) {
    if (!(error instanceof NoPassword || error instanceof UnreadablePassword)) throw error;
    process.send?.({ kind: 'failed', sentence: error.message } satisfies FromChild, undefined, {}, () =>
      process.exit(0),
    );
    return undefined;
  }
}

class Sender {
  readonly #log: Log;
  readonly #store: MailStore;
  readonly #tokens: AccessTokens;
  readonly #routes: LiveRoutes;
  readonly #dispatcher: Dispatcher;
  readonly #ending = new AbortController();
  readonly #passwords: PasswordFiles;
  readonly #relayFile: readonly string[];
  /** As they are stored. */
  #listed: string | undefined;
  /** One at a time: the later one stands. */
  #following: Promise<void> = Promise.resolve();
  #troubles: readonly string[] = [];
  readonly #problemLog: ProblemLog;

  /** `passwords` has read the relay's. @throws NoPassword, UnreadablePassword */
  constructor(configuration: Configuration, passwords: PasswordFiles) {
    this.#log = createLog(configuration.logLevel, 'sender', new LineOutput(openUnblocked(1)));
    watchDescriptors(this.#log);
    const { hostname, domain, relay } = configuration;
    this.#passwords = passwords;
    this.#relayFile = relayFileOf(configuration);
    const [relayFile] = this.#relayFile;
    const password = () => (relayFile === undefined ? readPassword('relay') : passwords.passwordIn(relayFile));
    this.#routes = new LiveRoutes(relaysWith(relay, password), (file) => passwords.passwordIn(file));
    this.#store = this.#join(configuration);
    this.#tokens = this.#accessTokens();
    this.#dispatcher = new Dispatcher({
      ...{ name: randomUUID(), queue: this.#store.queue, store: this.#store, hostname, domain },
      ...{ router: this.#routes, schedule: new Schedule(configuration), limits: limitsOf(configuration) },
      retry: (ids) => this.#store.queuedMail.retry(ids),
      client: new TokenClient(new SmtpClient({ name: hostname }), this.#tokens),
      observer: attemptLog(this.#log),
    });
    this.#problemLog = new ProblemLog(this.#log);
  }

  get counts(): Counts {
    const { counters, inFlight } = this.#dispatcher;
    return { inFlight, ...counters };
  }

  get problems(): readonly string[] {
    return [...this.#tokens.problems, ...this.#troubles, ...this.#hopProblems.map(({ sentence }) => sentence)];
  }

  /** Of hops that no route and no relay leads to any more nothing is to be mended. */
  get #hopProblems(): readonly HopProblem[] {
    const used = new Set(this.#routes.hops.map(keyOf));
    return this.#dispatcher.problems.filter(({ hop }) => used.has(keyOf(hop)));
  }

  go(): void {
    send({ kind: 'ready' });
    this.#tokens.start();
    this.#store.queue.watch(() => this.#tokens.look());
    void this.#begin();
  }

  async drain(patienceMs: number): Promise<void> {
    this.#ending.abort();
    await Promise.all([this.#dispatcher.drain(patienceMs), this.#tokens.stop(TOKENS_MS)]);
    await this.#store.close();
    process.exit(0);
  }

  #accessTokens(): AccessTokens {
    return new AccessTokens({
      ...{ logins: this.#store.relayLogins, uses: () => this.#routes.tokenUses, refresh: tryToRefresh },
      lost: (user, why) => this.#log.warn({ user }, why),
      restored: (user, hop) => {
        this.#log.info({ user }, 'the login at the relay works again');
        this.#dispatcher.revive(user, hop);
      },
      trouble: (error) => this.#log.error({ err: error }, 'access tokens could not be looked at'),
    });
  }

  /** Nothing is sent before all routes are known. */
  async #begin(): Promise<void> {
    const { signal } = this.#ending;
    await untilTaken(() => this.#readRoutes('files too'), signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (signal.aborted) return;
    setInterval(() => this.#followRoutes('files too'), ROUTES_MS).unref();
    setInterval(() => this.#problemLog.look(this.#hopProblems), PROBLEMS_MS).unref();
    await this.#dispatcher.start();
  }

  /** Other changes of the directory are many, and no reason to read every file. @throws StoreError */
  async #readRoutes(files?: 'files too'): Promise<void> {
    const stored = await this.#store.routes.listRoutes();
    const listed = JSON.stringify(stored);
    if (listed === this.#listed && files === undefined) return;
    await this.#passwords.read([...this.#relayFile, ...passwordFilesOf(stored)]);
    const { troubles, isChanged } = this.#routes.replace(stored);
    this.#listed = listed;
    for (const trouble of troubles) if (!this.#troubles.includes(trouble)) this.#log.warn(trouble);
    this.#troubles = troubles;
    this.#tokens.check();
    if (isChanged) this.#dispatcher.rerouted(this.#routes.hops);
  }

  /** Those that were known stand until they can be read. */
  #followRoutes(files?: 'files too'): void {
    this.#following = this.#following
      .then(() => this.#readRoutes(files))
      .catch((err: unknown) => this.#log.warn({ err }, 'the routes could not be read'));
  }

  #join({ db, domain, detailSeparators }: Configuration): MailStore {
    return driverOf(db).join(db, {
      ...{ domain, detailSeparators, minFreeBytes: 0 }, // What it stores are reports, which make room in the queue.
      replaced: () => {
        this.#log.warn('another database is at the path; the sender ends');
        process.exit(0);
      },
      directoryChanged: () => this.#followRoutes(),
      changed: (there) => this.#log[there ? 'debug' : 'warn'](there ? 'the store is there' : 'the store went away'),
    });
  }
}

function relayFileOf({ relayPasswordFile }: Configuration): readonly string[] {
  return relayPasswordFile === undefined ? [] : [relayPasswordFile];
}

function limitsOf({ outboundConnections, destinationConcurrency }: Configuration): DispatcherLimits {
  return {
    ...{
      connections: outboundConnections,
      messages: MESSAGES_A_CONNECTION,
      idle: IDLE_MS,
      unsent: UNSENT_MS,
      waiting: WAITING,
    },
    ...{ first: FIRST_CONNECTIONS, most: Math.min(destinationConcurrency, outboundConnections), failures: FAILURES },
    ...{ firstProbe: FIRST_PROBE_MS, longestProbe: LONGEST_PROBE_MS, recipients: RECIPIENTS, leased: LEASED },
  };
}

function send(message: FromChild): void {
  sendToSupervisor(message);
}
