/**
 * One of the processes that share the listening sockets. The composition root: here the line
 * net → session → smtp | pop3 → store is joined, once a process.
 * Ends when the supervisor says so, and at once when the supervisor is gone (node:cluster sees to that); its maildrops are
 * freed by the store when its connection closes.
 */
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { Authenticator } from '../../auth/authenticator.js';
import { DerivationThreads } from '../../auth/derivation.js';
import { HASH_LIMITS } from '../../auth/hash-queue.js';
import { clientOf, parseNetworks } from '../../ip/networks.js';
import type { Configuration } from '../../config/configuration.js';
import { minFreeBytes } from '../../config/min-free.js';
import { LineOutput } from '../../log/line-output.js';
import { createLog, type Log } from '../../log/log.js';
import { loginObserver } from '../../log/login-log.js';
import { openUnblocked } from '../../log/unblocked.js';
import { isUnix, Listener, ListenError, samePlace, type ListenerAddress } from '../../net/listener.js';
import { ProxyEntrance } from '../../net/proxy-entrance.js';
import { UNIX_PEER } from '../../net/unix-socket.js';
import type { Peer } from '../../session/channel.js';
import type { History } from '../../store/history.js';
import { driverOf } from '../../store/open.js';
import type { MailStore } from '../../store/store.js';
import { ConnectionSlots } from './connection-slots.js';
import { Arrivals } from './arrivals.js';
import { receiveFromSupervisor, sendToSupervisor } from '../control/child.js';
import type { Counts, Sample } from '../control/control-messages.js';
import { watchDescriptors } from '../control/descriptors.js';
import { Gate } from './gate.js';
import { withHistory } from './login-history.js';
import { isOfLogins, type FromWorker, type ToWorker, type WorkerStart } from '../control/messages.js';
import { AdmittedConnections } from './admitted-connections.js';
import { addressesOf, type ServiceName } from '../control/services.js';
import { Sessions } from './sessions.js';
import { LoginCounts } from './login-counts.js';
import { SharedThrottle } from './shared-throttle.js';

/** How often failed logins that are forgiven are forgotten. */
const TIDY_MS = 60_000;
/**
 * V8 begins a major collection when the old space has grown by so much, and counts buffers that live for a moment only: left
 * to itself it allows a worker a tenth of growth, and collects several times a second while much mail is read.
 */
const HEAP_GROWTH_PERCENT = 200;
/**
 * What a session is made of is garbage as soon as it ends. V8 may have learned otherwise from the first ones, and then puts every
 * session into the old space, where nearly half of the rest is kept alive with it until the next major collection.
 */
const FLAGS = [`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`, '--no-allocation-site-pretenuring'];
/** Between the goodbye and the end of the process: long enough for a last reply to leave. */
const CUT_PATIENCE_MS = 500;

export function runWorker(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
  let worker: Worker | undefined;
  receiveFromSupervisor(
    (told) => {
      const message = told as ToWorker;
      if (message.kind === 'start') {
        worker = new Worker(message);
        void worker.listen();
      } else worker?.receive(message);
    },
    () => ({ counts: worker?.counts ?? {}, samples: worker?.samples ?? [] }),
  );
}

class Worker {
  readonly #configuration: Configuration;
  readonly #inherited: readonly ListenerAddress[];
  readonly #held: readonly ListenerAddress[];
  readonly #gate = new Gate();
  readonly #log: Log;
  readonly #history: History;
  readonly #entrance: ProxyEntrance;
  readonly #logins = new LoginCounts();
  readonly #throttle: SharedThrottle;
  readonly #slots: ConnectionSlots;
  readonly #sessions: Sessions;
  readonly #connections = new AdmittedConnections();
  readonly #arrivals: Arrivals;
  #listeners: readonly Listener[] = [];
  #accepts: () => void = () => undefined;
  readonly #mayAccept = new Promise<void>((resolve) => (this.#accepts = resolve));
  #draining = false;
  #hurry = false;

  constructor({ configuration, number, tls, logins, inherited, held }: WorkerStart) {
    this.#configuration = configuration;
    this.#inherited = inherited;
    this.#held = held;
    const output = new LineOutput(openUnblocked(1));
    const log = createLog(configuration.logLevel, `worker ${number}`, output);
    this.#log = log;
    const store = this.#join();
    this.#history = store.history;
    const proxies = parseNetworks(configuration.proxyNetworks);
    this.#entrance = new ProxyEntrance({
      isProxy: (address) => proxies.includes(address),
      refused: ({ address, localPort }, why) => log.warn({ peer: address, port: localPort, why }, 'no PROXY header'),
    });
    this.#throttle = new SharedThrottle(logins, send);
    const logged = this.#logins.counting(withHistory(loginObserver(log), store.history));
    const authenticator = new Authenticator({
      ...{ store, throttle: this.#throttle, observer: logged, clientOf },
      welcomed: (client, { origin }) => this.#slots.know(client, origin),
      derive: new DerivationThreads(HASH_LIMITS.atOnce).derive,
    });
    this.#slots = new ConnectionSlots(configuration, send, {
      victims: () => this.#connections.victims(performance.now()),
      evict: (which) => this.#connections.evict(which, performance.now()),
    });
    const nearlyFull = () => this.#slots.nearlyFull;
    const dialogue = configuration.verbose ? openDialogue(log, output) : undefined;
    this.#sessions = new Sessions({ configuration, number, log, dialogue, store, authenticator, nearlyFull });
    this.#arrivals = new Arrivals({
      ...{ log, tls, devices: store.devices },
      ...{ slots: this.#slots, connections: this.#connections, sessions: this.#sessions },
      isHurried: () => this.#hurry,
      ended: () => this.#endWhenEmpty(),
    });
    setInterval(() => this.#throttle.tidy(Date.now()), TIDY_MS).unref();
    watchDescriptors(log);
  }

  get samples(): readonly Sample[] {
    return [...this.#sessions.samples, ...this.#logins.samples];
  }

  get counts(): Counts {
    return { sessions: this.#sessions.count, accepted: this.#sessions.accepted };
  }

  /** First what may fail, then, after 'go', what it shares with others; nothing is accepted in between. */
  async listen(): Promise<void> {
    try {
      const addresses = addressesOf(this.#configuration, this.#inherited);
      const isHeld = (address: ListenerAddress): boolean => this.#held.some((held) => samePlace(held, address));
      await this.#openAll(addresses.filter((address) => !isHeld(address)));
      send({ kind: 'prepared' });
      await this.#mayAccept;
      await this.#openAll(addresses.filter(isHeld));
      const opened = this.#listeners.map(({ address }) => address);
      send({ kind: 'ready', listeners: addresses.filter((address) => opened.includes(address)) });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      // The process ends with its last word: an address may be free again when the supervisor starts another.
      process.send?.({ kind: 'failed', sentence: error.message } satisfies FromWorker, undefined, {}, () =>
        this.#end(),
      );
    }
  }

  receive(message: Exclude<ToWorker, { kind: 'start' }>): void {
    if (message.kind === 'go') this.#go();
    else if (message.kind === 'drain') this.drain(message.patienceMs, message.hurry);
    else if (message.kind === 'tls') this.#arrivals.serveWith(message.tls);
    else if (isOfLogins(message)) this.#throttle.receive(message);
    else this.#slots.receive(message);
  }

  /** Accepts nothing more. In a hurry every session at rest ends now; otherwise all may go on until patience ends. */
  drain(patienceMs: number, hurry: boolean): void {
    this.#draining = true;
    this.#hurry = hurry;
    for (const listener of this.#listeners) listener.close();
    if (hurry) this.#sessions.drain();
    setTimeout(() => this.#cutAll(), patienceMs);
    this.#endWhenEmpty();
  }

  #go(): void {
    this.#gate.open();
    this.#accepts();
  }

  async #openAll(addresses: readonly ListenerAddress[]): Promise<void> {
    const opened = await Promise.all(addresses.map((address) => this.#open(address)));
    this.#listeners = [...this.#listeners, ...opened.filter((listener) => listener !== undefined)];
    if (this.#draining) for (const listener of this.#listeners) listener.close();
  }

  #open(address: ListenerAddress): Promise<Listener | undefined> {
    const name = address.protocol as ServiceName;
    const come = (socket: Socket, peer: Peer): void => this.#arrivals.accept(name, socket, peer);
    const accept = (socket: Socket): void =>
      isUnix(address) ? come(socket, UNIX_PEER) : this.#entrance.admit(socket, (peer) => come(socket, peer));
    const enter = (socket: Socket): void => this.#gate.enter(socket, () => accept(socket));
    return Listener.open(address, enter).catch((error: unknown) => {
      if (!(error instanceof ListenError) || !error.absent || isUnix(address) || address.host !== '::1') throw error;
      this.#log.warn(error.message); // A machine without IPv6 is served on the rest.
      return undefined;
    });
  }

  #cutAll(): void {
    this.#sessions.cut();
    setTimeout(() => this.#end(), CUT_PATIENCE_MS);
  }

  #endWhenEmpty(): void {
    if (this.#draining && this.#sessions.count + this.#arrivals.count === 0) this.#end();
  }

  #join(): MailStore {
    const { db, domain, detailSeparators } = this.#configuration;
    return driverOf(db).join(db, {
      ...{ domain, detailSeparators },
      minFreeBytes: minFreeBytes(this.#configuration),
      rightsChanged: (concerned) => this.#sessions.review(concerned),
      replaced: () => {
        this.#log.warn('another database is at the path; the worker ends');
        this.#end();
      },
      changed: (there) => this.#log[there ? 'debug' : 'warn'](there ? 'the store is there' : 'the store went away'),
    });
  }

  #end(): void {
    this.#history.flush();
    process.exit(0);
  }
}

/** Sessions line by line, on standard error. `behind` is the log's. */
function openDialogue(log: Log, behind: LineOutput): LineOutput {
  const output = new LineOutput(openUnblocked(2));
  output.whenRecovered((loss) => behind.whenRoom(() => log.error(loss, 'lines of the dialogue were lost')));
  return output;
}

function send(message: FromWorker): void {
  sendToSupervisor(message);
}
