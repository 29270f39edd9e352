/**
 * One of the processes that share the listening sockets. The only composition root: here the line
 * net → session → smtp | pop3 → store is built, once a process.
 * Ends when the supervisor says so, and at once when the supervisor is gone (node:cluster sees to that); its maildrops are
 * freed by the store when its connection closes.
 */
import type { Socket } from 'node:net';
import { Authenticator } from '../auth/authenticator.js';
import type { Configuration } from '../config/options.js';
import { createLog, flushLog, type Log } from '../log/log.js';
import { sessionObserver } from '../log/session-log.js';
import { Connection } from '../net/connection.js';
import { Listener, ListenError, type ListenerAddress } from '../net/listener.js';
import { pop3 } from '../pop3/protocol.js';
import type { Channel } from '../session/channel.js';
import type { State } from '../session/command.js';
import type { SessionLimits } from '../session/limits.js';
import type { Protocol, SessionContext } from '../session/protocol.js';
import { Session } from '../session/session.js';
import { smtp } from '../smtp/protocol.js';
import { joinStore } from '../store/open.js';
import type { MailStore } from '../store/store.js';
import { Admission, type Verdict } from './admission.js';
import { obeySupervisor, tellSupervisor } from './child.js';
import type { FromWorker, ToWorker } from './messages.js';

/** Of the largest size: what the disk must have room for, unless --min-free says otherwise. */
const FREE_MESSAGES = 1.5;
/** How often sessions are asked whether they have taken too long. */
const TICK_MS = 1_000;
/** Who sends before the greeting is no mail client; those that are not trusted get this long to show it. */
const GREETING_PAUSE_MS = 200;
/** Between the goodbye and the end of the process: long enough for a last reply to leave. */
const CUT_PATIENCE_MS = 500;

type AnySession = Pick<Session<State, SessionContext, string>, 'drain' | 'cut' | 'tick'>;

export function runWorker(): void {
  let worker: Worker | undefined;
  obeySupervisor((told) => {
    const message = told as ToWorker;
    if (message.kind === 'start') {
      worker = new Worker(message.configuration, message.number);
      void worker.listen();
    } else worker?.hear(message);
  });
}

class Worker {
  readonly #configuration: Configuration;
  readonly #number: number;
  readonly #log: Log;
  readonly #store: MailStore;
  readonly #authenticator: Authenticator;
  readonly #admission: Admission;
  readonly #smtp: typeof smtp;
  readonly #pop3: typeof pop3;
  readonly #sessions = new Set<AnySession>();
  #listeners: readonly Listener[] = [];
  #lastSession = 0;
  #draining = false;

  constructor(configuration: Configuration, number: number) {
    this.#configuration = configuration;
    this.#number = number;
    this.#log = createLog(configuration.logLevel, `worker ${number}`);
    this.#store = joinStore(configuration.db, {
      domain: configuration.domain,
      minFreeBytes: configuration.minFree ?? FREE_MESSAGES * configuration.maxMessageSize,
      report: () => ({ role: 'worker', pid: process.pid, sessions: this.#sessions.size }),
      changed: (there) => this.#log[there ? 'debug' : 'warn'](there ? 'the store is there' : 'the store went away'),
    });
    this.#authenticator = new Authenticator(this.#store);
    this.#admission = new Admission(configuration, tell);
    this.#smtp = { ...smtp, limits: limitsOf(smtp, configuration.smtpTimeout, configuration) };
    this.#pop3 = { ...pop3, limits: limitsOf(pop3, configuration.pop3Timeout, configuration) };
    setInterval(() => this.#tick(), TICK_MS).unref();
  }

  async listen(): Promise<void> {
    try {
      const opened = await Promise.all(addressesOf(this.#configuration).map((address) => this.#open(address)));
      this.#listeners = opened.filter((listener) => listener !== undefined);
      tell({ kind: 'listening', listeners: this.#listeners.map(({ address }) => address) });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      // The process ends with its last word: an address may be free again when the supervisor starts another.
      process.send?.({ kind: 'failed', sentence: error.message } satisfies FromWorker, undefined, {}, () =>
        this.#end(),
      );
    }
  }

  hear(message: Exclude<ToWorker, { kind: 'start' }>): void {
    if (message.kind === 'drain') this.drain(message.patienceMs, message.hurry);
    else this.#admission.hear(message);
  }

  /** Accepts nothing more. In a hurry every session at rest ends now; otherwise all may go on until patience ends. */
  drain(patienceMs: number, hurry: boolean): void {
    this.#draining = true;
    for (const listener of this.#listeners) listener.close();
    if (hurry) for (const session of this.#sessions) session.drain();
    setTimeout(() => this.#cutAll(), patienceMs);
    this.#endWhenEmpty();
  }

  #open(address: ListenerAddress): Promise<Listener | undefined> {
    return Listener.open(address, (socket) => this.#accept(address.protocol, socket)).catch((error: unknown) => {
      if (!(error instanceof ListenError) || !error.absent || address.host !== '::1') throw error;
      this.#log.warn(error.message); // A machine without IPv6 is served on the rest.
      return undefined;
    });
  }

  #accept(protocol: string, socket: Socket): void {
    const channel = new Connection(socket);
    const { address } = channel.peer;
    const verdict = this.#admission.enter(address);
    if (verdict === 'welcome') this.#welcome(protocol, channel);
    else void Promise.resolve(verdict).then((late) => this.#letIn(protocol, channel, late));
  }

  #letIn(protocol: string, channel: Channel, verdict: Verdict): void {
    if (verdict === 'welcome') return this.#welcome(protocol, channel);
    this.#log.info({ protocol, peer: channel.peer.address, outcome: verdict }, 'turned away');
    const { turnedAway } = protocol === 'smtp' ? smtp : pop3;
    channel.open({ receive: ignore, drained: ignore, inputEnded: ignore, closed: ignore });
    channel.write(turnedAway[verdict].head);
    channel.end();
  }

  #welcome(protocol: string, channel: Channel): void {
    if (protocol === 'smtp') this.#begin(this.#smtp, channel, this.#smtpContext(channel));
    else this.#begin(this.#pop3, channel, this.#pop3Context(channel));
  }

  #smtpContext({ peer }: Channel) {
    const session = this.#nextSession();
    let messages = 0;
    return {
      peer,
      session,
      tally: { accepted: 0, refused: 0, octets: 0 },
      settings: this.#configuration,
      store: this.#store,
      table: smtp.commands,
      nextId: () => `${Date.now().toString(36)}-${session}-${++messages}`,
    };
  }

  #pop3Context({ peer }: Channel) {
    return {
      peer,
      session: this.#nextSession(),
      tally: { retrieved: 0, octets: 0, removed: 0 },
      settings: this.#configuration,
      store: this.#store,
      authenticator: this.#authenticator,
      table: pop3.commands,
    };
  }

  #begin<S extends State, C extends SessionContext, Need extends string>(
    protocol: Protocol<S, C, Need>,
    channel: Channel,
    context: C,
  ): void {
    const observer = sessionObserver(this.#log, protocol.name, context, this.#configuration.verbose);
    const session = new Session(protocol, channel, context, {
      ...observer,
      ended: (end) => {
        this.#sessions.delete(session);
        this.#admission.leave(channel.peer.address);
        observer.ended(end);
        this.#endWhenEmpty();
      },
    });
    this.#sessions.add(session);
    session.start(this.#admission.isTrusted(channel.peer.address) ? 0 : GREETING_PAUSE_MS);
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const session of this.#sessions) session.tick(nowMs);
  }

  /** Short, for people, and unlike any other while the server runs. */
  #nextSession(): string {
    return `${this.#number}.${(++this.#lastSession).toString(36)}`;
  }

  #cutAll(): void {
    for (const session of this.#sessions) session.cut();
    setTimeout(() => this.#end(), CUT_PATIENCE_MS);
  }

  #endWhenEmpty(): void {
    if (this.#draining && this.#sessions.size === 0) this.#end();
  }

  #end(): void {
    flushLog(this.#log);
    process.exit(0);
  }
}

function limitsOf(
  { limits }: { readonly limits: SessionLimits },
  commandTimeoutMs: number,
  configuration: Configuration,
): SessionLimits {
  return {
    ...limits,
    commandTimeoutMs,
    greetingTimeoutMs: configuration.greetingTimeout,
    dataTimeoutMs: configuration.dataTimeout,
    sessionTimeoutMs: configuration.sessionTimeout,
    minBodyBytesPerSecond: configuration.minBodyRate,
  };
}

function addressesOf({ host, smtpPort, pop3Port }: Configuration): readonly ListenerAddress[] {
  return host.flatMap((each) => [
    ...(smtpPort === 0 ? [] : [{ protocol: 'smtp', host: each, port: smtpPort }]),
    ...(pop3Port === 0 ? [] : [{ protocol: 'pop3', host: each, port: pop3Port }]),
  ]);
}

/** Who was turned away has nothing more to say. */
function ignore(): void {}

function tell(message: FromWorker): void {
  tellSupervisor(message);
}
