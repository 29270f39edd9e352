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
import type { Configuration } from '../../config/options.js';
import { LineOutput } from '../../log/line-output.js';
import { createLog, type Log } from '../../log/log.js';
import { loginObserver } from '../../log/login-log.js';
import { openUnblocked } from '../../log/unblocked.js';
import { Connection } from '../../net/connection.js';
import { isUnix, Listener, ListenError, samePlace, type ListenerAddress } from '../../net/listener.js';
import { ProxyEntrance } from '../../net/proxy-entrance.js';
import { SharedReads } from '../../runtime/shared-reads.js';
import { SharedWrites } from '../../runtime/shared-writes.js';
import { TlsService, type TlsMaterial } from '../../net/tls.js';
import { UNIX_PEER } from '../../net/unix-socket.js';
import { pop3 } from '../../pop3/protocol.js';
import type { Channel, Peer } from '../../session/channel.js';
import { mx } from '../../smtp/protocol.js';
import { driverOf } from '../../store/open.js';
import { Admission, type Entrance, type Verdict } from './admission.js';
import { obeySupervisor, tellSupervisor } from '../control/child.js';
import type { Counts } from '../control/control-messages.js';
import { watchDescriptors } from '../control/descriptors.js';
import { Gate } from './gate.js';
import { isOfLogins, type FromWorker, type ToWorker, type WorkerStart } from '../control/messages.js';
import { Guests, type Standing } from './guests.js';
import { addressesOf, groupOf, serviceNames, services, type ServiceName } from '../control/services.js';
import { Sessions, type Placed } from './sessions.js';
import { SharedThrottle } from './shared-throttle.js';

/** Of the largest size: what the disk must have room for, unless --min-free says otherwise. */
const FREE_MESSAGES = 1.5;
/** How often failed logins that are forgiven are forgotten. */
const TIDY_MS = 60_000;
/** Who sends before the greeting is no mail client; those that are not trusted get this long to show it. */
const GREETING_PAUSE_MS = 200;
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
  obeySupervisor(
    (told) => {
      const message = told as ToWorker;
      if (message.kind === 'start') {
        worker = new Worker(message);
        void worker.listen();
      } else worker?.hear(message);
    },
    () => worker?.counts ?? {},
  );
}

class Worker {
  readonly #configuration: Configuration;
  readonly #inherited: readonly ListenerAddress[];
  readonly #held: readonly ListenerAddress[];
  readonly #gate = new Gate();
  readonly #log: Log;
  readonly #entrance: ProxyEntrance;
  readonly #throttle: SharedThrottle;
  readonly #admission: Admission;
  readonly #sessions: Sessions;
  readonly #guests = new Guests();
  readonly #shared = { reads: new SharedReads(), writes: new SharedWrites() };
  #tls: ReadonlyMap<ServiceName, TlsService>;
  #listeners: readonly Listener[] = [];
  /** Connections that wait to be let in, or shake hands before their session begins. */
  #arriving = 0;
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
    const store = driverOf(configuration.db).join(configuration.db, {
      domain: configuration.domain,
      minFreeBytes: configuration.minFree ?? FREE_MESSAGES * configuration.maxMessageSize,
      report: () => ({ role: 'worker', pid: process.pid, sessions: this.#sessions.count }),
      rightsChanged: (concerned) => this.#sessions.review(concerned),
      replaced: () => {
        log.warn('another database is at the path; the worker ends');
        this.#end();
      },
      changed: (there) => log[there ? 'debug' : 'warn'](there ? 'the store is there' : 'the store went away'),
    });
    const proxies = parseNetworks(configuration.proxyNetworks);
    this.#entrance = new ProxyEntrance({
      isProxy: (address) => proxies.includes(address),
      refused: ({ address, localPort }, why) => log.warn({ peer: address, port: localPort, why }, 'no PROXY header'),
    });
    this.#throttle = new SharedThrottle(logins, tell);
    const logged = loginObserver(log);
    const authenticator = new Authenticator({
      ...{ store, throttle: this.#throttle, observer: logged, clientOf },
      welcomed: (client, { origin }) => this.#admission.know(client, origin),
      derive: new DerivationThreads(HASH_LIMITS.atOnce).derive,
    });
    this.#admission = new Admission(configuration, tell, {
      victims: () => this.#guests.victims(performance.now()),
      sendAway: (which) => this.#guests.sendAway(which, performance.now()),
    });
    const nearlyFull = () => this.#admission.nearlyFull;
    const dialogue = configuration.verbose ? openDialogue(log, output) : undefined;
    this.#sessions = new Sessions({ configuration, number, log, dialogue, store, authenticator, nearlyFull });
    this.#tls = tlsServices(tls);
    setInterval(() => this.#throttle.tidy(Date.now()), TIDY_MS).unref();
    watchDescriptors(log);
  }

  get counts(): Counts {
    return { sessions: this.#sessions.count, accepted: this.#sessions.accepted };
  }

  /** First what may fail, then, when it is let go, what it shares with others; nothing is accepted in between. */
  async listen(): Promise<void> {
    try {
      const addresses = addressesOf(this.#configuration, this.#inherited);
      const isHeld = (address: ListenerAddress): boolean => this.#held.some((held) => samePlace(held, address));
      await this.#openAll(addresses.filter((address) => !isHeld(address)));
      tell({ kind: 'prepared' });
      await this.#mayAccept;
      await this.#openAll(addresses.filter(isHeld));
      const opened = this.#listeners.map(({ address }) => address);
      tell({ kind: 'ready', listeners: addresses.filter((address) => opened.includes(address)) });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      // The process ends with its last word: an address may be free again when the supervisor starts another.
      process.send?.({ kind: 'failed', sentence: error.message } satisfies FromWorker, undefined, {}, () =>
        this.#end(),
      );
    }
  }

  hear(message: Exclude<ToWorker, { kind: 'start' }>): void {
    if (message.kind === 'go') this.#go();
    else if (message.kind === 'drain') this.drain(message.patienceMs, message.hurry);
    else if (message.kind === 'tls') this.#tls = tlsServices(message.tls);
    else if (isOfLogins(message)) this.#throttle.hear(message);
    else this.#admission.hear(message);
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
    const come = (socket: Socket, peer: Peer): void => this.#accept(name, socket, peer);
    const accept = (socket: Socket): void =>
      isUnix(address) ? come(socket, UNIX_PEER) : this.#entrance.admit(socket, (peer) => come(socket, peer));
    const enter = (socket: Socket): void => this.#gate.enter(socket, () => accept(socket));
    return Listener.open(address, enter).catch((error: unknown) => {
      if (!(error instanceof ListenError) || !error.absent || isUnix(address) || address.host !== '::1') throw error;
      this.#log.warn(error.message); // A machine without IPv6 is served on the rest.
      return undefined;
    });
  }

  #accept(name: ServiceName, socket: Socket, peer: Peer): void {
    const channel = new Connection(socket, { tls: this.#tls.get(name), peer, shared: this.#shared });
    const entrance = this.#admission.enter(peer, groupOf(name));
    if (!(entrance instanceof Promise)) this.#letIn(name, channel, entrance);
    else this.#await(entrance.then((late) => this.#letIn(name, channel, late)));
  }

  #letIn(name: ServiceName, channel: Channel, entrance: Entrance): void {
    if (entrance.verdict === 'welcome') this.#welcome(name, channel, entrance);
    else this.#turnAway(name, channel, entrance.verdict);
  }

  #turnAway(name: ServiceName, channel: Channel, verdict: Exclude<Verdict, 'welcome'>): void {
    this.#log.info({ protocol: name, peer: channel.peer.address, outcome: verdict }, 'turned away');
    const { protocol, implicitTls } = services[name];
    const { turnedAway } = protocol === 'pop3' ? pop3 : mx;
    channel.open({ receive: ignore, drained: ignore, inputEnded: ignore, closed: ignore });
    if (!implicitTls) channel.write(turnedAway[verdict].head);
    channel.end();
  }

  #welcome(name: ServiceName, channel: Channel, entrance: Entrance): void {
    const place = this.#place(name, channel, entrance);
    if (!services[name].implicitTls) return this.#begin(name, channel, place);
    const shaken = channel.secure().then(
      (secured) => this.#begin(name, secured, place),
      (error: unknown) => this.#noHandshake(name, channel, { place, error: error as NodeJS.ErrnoException }),
    );
    this.#await(shaken);
  }

  /** From here on it counts, until it ends or has to make way. */
  #place(name: ServiceName, channel: Channel, entrance: Entrance): Place {
    const { peer } = channel;
    const sinceMs = performance.now();
    const place: Place = {
      leave: once(() => {
        this.#guests.remove(entry);
        this.#admission.leave(peer, groupOf(name), entrance);
      }),
      session: undefined,
    };
    const entry = this.#guests.add({
      client: clientOf(peer.address),
      group: groupOf(name),
      trusted: this.#admission.isTrusted(peer),
      standing: (nowMs) => (place.session === undefined ? waitingSince(sinceMs, nowMs) : place.session.standing()),
      sendAway: () => {
        place.leave();
        if (place.session === undefined) channel.destroy();
        else place.session.evict();
      },
    });
    return place;
  }

  /** No session yet, but no reason to end either. */
  #await(arrival: Promise<void>): void {
    this.#arriving += 1;
    void arrival.finally(() => {
      this.#arriving -= 1;
      this.#endWhenEmpty();
    });
  }

  #noHandshake(
    name: ServiceName,
    { peer }: Channel,
    { place, error: { code, name: kind } }: { readonly place: Place; readonly error: NodeJS.ErrnoException },
  ): void {
    place.leave();
    this.#log.info({ protocol: name, peer: peer.address, outcome: `broken: ${code ?? kind}` }, 'no TLS handshake');
  }

  #begin(name: ServiceName, channel: Channel, place: Place): void {
    const { peer } = channel;
    place.session = this.#sessions.begin(services[name].protocol, {
      channel,
      offersTls: this.#tls.has(name) && peer.origin !== 'unix', // It crosses no network.
      pauseMs: services[name].implicitTls || this.#admission.isTrusted(peer) ? 0 : GREETING_PAUSE_MS,
      ended: () => {
        place.leave();
        this.#endWhenEmpty();
      },
    });
    if (this.#hurry) this.#sessions.drain(); // It came too late to be told with the others.
  }

  #cutAll(): void {
    this.#sessions.cut();
    setTimeout(() => this.#end(), CUT_PATIENCE_MS);
  }

  #endWhenEmpty(): void {
    if (this.#draining && this.#sessions.count + this.#arriving === 0) this.#end();
  }

  #end(): void {
    process.exit(0);
  }
}

/** Sessions line by line, on standard error. `behind` is the log's. */
function openDialogue(log: Log, behind: LineOutput): LineOutput {
  const output = new LineOutput(openUnblocked(2));
  output.whenRecovered((loss) => behind.whenRoom(() => log.error(loss, 'lines of the dialogue were lost')));
  return output;
}

/** Each service has its own, so that a ticket of one means nothing to another. */
function tlsServices(tls: TlsMaterial | undefined): ReadonlyMap<ServiceName, TlsService> {
  return new Map(tls === undefined ? [] : serviceNames.map((name) => [name, new TlsService(name, tls)]));
}

/** What a connection that was let in has taken. */
interface Place {
  /** Gives it back, once. */
  readonly leave: () => void;
  /** Undefined during the handshake of TLS. */
  session: Placed | undefined;
}

/** In the handshake of TLS: nothing was said yet. */
function waitingSince(sinceMs: number, nowMs: number): Standing {
  return { idleMs: nowMs - sinceMs, ageMs: nowMs - sinceMs, spoke: false };
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}

/** Who was turned away has nothing more to say. */
function ignore(): void {}

function tell(message: FromWorker): void {
  tellSupervisor(message);
}
