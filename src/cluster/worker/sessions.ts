/**
 * The sessions of one worker: builds each from its protocol and a context made for it, and keeps them until they end.
 * One timer asks them all whether they have taken too long.
 */
import type { Authenticator } from '../../auth/authenticator.js';
import { parseNetworks, type Networks } from '../../ip/networks.js';
import type { Configuration } from '../../config/configuration.js';
import type { LineOutput } from '../../log/line-output.js';
import type { Log } from '../../log/log.js';
import { smtpObserver } from '../../log/smtp-log.js';
import { sessionObserver } from '../../log/session-log.js';
import { pop3 } from '../../pop3/protocol.js';
import type { Channel } from '../../session/channel.js';
import type { State } from '../../session/command.js';
import type { SessionLimits } from '../../session/limits.js';
import type { Observer, SessionEnd } from '../../session/observer.js';
import type { Reply } from '../../session/reply.js';
import { Presence } from '../../session/presence.js';
import type { Protocol, SessionContext } from '../../session/protocol.js';
import { Session } from '../../session/session.js';
import { Turns } from '../../session/turns.js';
import type { SmtpObserver } from '../../smtp/context.js';
import type { DeviceSession } from '../../smtp/device-session.js';
import { device } from '../../smtp/device-protocol.js';
import { lmtp, mx, submission } from '../../smtp/protocol.js';
import { stages } from '../../smtp/stages.js';
import type { Concerned } from '../../store/driver.js';
import type { Grant } from '../../store/logins.js';
import type { MaybePromise } from '../../store/shapes.js';
import type { MailStore } from '../../store/store.js';
import { RunDelay } from '../../runtime/run-delay.js';
import { UnorderedList } from '../../runtime/unordered-list.js';
import type { Sample } from '../control/control-messages.js';
import type { Standing } from './admitted-connections.js';
import type { Service } from '../control/services.js';
import { SessionCounts } from './session-counts.js';
import { deviceContext, noteRefusals } from './device-sessions.js';

/** How often sessions are asked whether they have taken too long. */
const TICK_MS = 1_000;

type AnySession = Pick<Session<State, SessionContext, string>, 'drain' | 'cut' | 'tick' | 'review'>;

interface OpenSession {
  readonly protocol: string;
  readonly session: AnySession;
  readonly counters: object;
}

export interface SessionsOptions {
  readonly configuration: Configuration;
  /** The worker's; part of every session's name. */
  readonly number: number;
  readonly log: Log;
  /** Where sessions are shown line by line; undefined without -v. */
  readonly dialogue: LineOutput | undefined;
  readonly store: MailStore;
  readonly authenticator: Authenticator;
  /** Whether nearly all places are taken. */
  readonly nearlyFull: () => boolean;
}

/** One connection that was let in. */
export interface Arrival {
  readonly channel: Channel;
  readonly offersTls: boolean;
  /** On the port for devices. */
  readonly device?: DeviceSession | undefined;
  /** How long to listen before the greeting. */
  readonly pauseMs: number;
  ended(): void;
}

/** A session as the one who gives places sees it. */
export interface Placed {
  standing(): Standing | undefined;
  evict(): void;
}

/** A client that delivers is not sent away for a pause between two messages. */
const PAUSE_MS = 30_000;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #protocols: {
    readonly smtp: typeof mx;
    readonly submission: typeof submission;
    readonly lmtp: typeof lmtp;
    readonly device: typeof device;
    readonly pop3: typeof pop3;
  };
  readonly #fronts: Networks;
  readonly #limits: SmtpObserver;
  readonly #open = new UnorderedList<OpenSession>();
  readonly #turns = turnsOfThread();
  readonly #counts = new SessionCounts();
  /** In sessions that have ended. */
  #acceptedBefore = 0;
  #last = 0;

  constructor(options: SessionsOptions) {
    const { configuration } = options;
    this.#options = options;
    this.#limits = smtpObserver(options.log);
    this.#fronts = parseNetworks(configuration.xclientNetworks);
    this.#protocols = {
      smtp: { ...mx, limits: limitsOf(mx, configuration.smtpTimeout, configuration) },
      submission: { ...submission, limits: limitsOf(submission, configuration.smtpTimeout, configuration) },
      lmtp: { ...lmtp, limits: limitsOf(lmtp, configuration.smtpTimeout, configuration) },
      device: { ...device, limits: limitsOf(device, configuration.smtpTimeout, configuration) },
      pop3: { ...pop3, limits: limitsOf(pop3, configuration.pop3Timeout, configuration) },
    };
    setInterval(() => this.#tick(), TICK_MS).unref();
  }

  get count(): number {
    return this.#open.count;
  }

  /** Messages that were accepted, since this worker began. */
  get accepted(): number {
    return this.#open.all().reduce((sum, { counters }) => sum + acceptedIn(counters), this.#acceptedBefore);
  }

  get samples(): readonly Sample[] {
    return this.#counts.samples(this.#open.all());
  }

  begin(protocol: Service['protocol'], arrival: Arrival): Placed {
    if (protocol === 'pop3') return this.#begin(this.#protocols.pop3, arrival, this.#pop3Context(arrival));
    return this.#begin(this.#protocols[protocol], arrival, this.#smtpContext(protocol, arrival));
  }

  /** Every session at rest says goodbye, and the others as soon as they are. */
  drain(): void {
    for (const { session } of this.#open.all()) session.drain();
  }

  cut(): void {
    for (const { session } of this.#open.all()) session.cut();
  }

  /** Sessions whose login does not stand any more end, and what cannot be asked counts as gone. Resolves when none goes on. */
  async review(concerned: Concerned): Promise<void> {
    const stands = (grant: Grant) => isAnother(concerned, grant) || this.#stands(grant);
    await Promise.all(this.#open.all().map(async ({ session }) => session.review(stands)));
  }

  #stands(grant: Grant): MaybePromise<boolean> {
    const unknown = (error: unknown): boolean => {
      this.#options.log.error({ err: error }, 'a login could not be looked at again; its session ends');
      return false;
    };
    try {
      const answer = this.#options.store.stands(grant);
      return answer instanceof Promise ? answer.catch(unknown) : answer;
    } catch (error) {
      return unknown(error);
    }
  }

  #smtpContext(role: 'smtp' | 'submission' | 'lmtp' | 'device', arrival: Arrival) {
    const { channel, offersTls } = arrival;
    const { configuration } = this.#options;
    const session = this.#nextName();
    let messages = 0;
    // No spread before a property, here and below: Node 20 then takes 23 us for it instead of 0.1.
    const context = {
      peer: channel.peer,
      session,
      protocol: this.#protocols[role].name,
      offersTls,
      isFront: this.#fronts.includes(channel.peer.address),
      counters: { accepted: 0, refused: 0, octets: 0 },
      settings: configuration,
      store: this.#options.store,
      autoreplies: this.#options.store.autoreplies,
      suppressions: this.#options.store.queuedMail,
      routes: this.#options.store.routes,
      history: configuration.keepArrivals > 0 ? this.#options.store.history : undefined,
      authenticator: this.#options.authenticator,
      observer: this.#limits,
      table: this.#protocols[role].commands,
      stages,
      nextId: () => `${Date.now().toString(36)}-${session}-${++messages}`,
    };
    return arrival.device === undefined ? context : { ...context, ...deviceContext(arrival.device, configuration) };
  }

  #pop3Context({ channel, offersTls }: Arrival) {
    return {
      peer: channel.peer,
      session: this.#nextName(),
      protocol: this.#protocols.pop3.name,
      offersTls,
      counters: { retrieved: 0, octets: 0, removed: 0 },
      presence: new Presence(),
      settings: this.#options.configuration,
      store: this.#options.store,
      authenticator: this.#options.authenticator,
      table: this.#protocols.pop3.commands,
    };
  }

  #begin<S extends State, C extends SessionContext, Need extends string>(
    protocol: Protocol<S, C, Need>,
    arrival: Arrival,
    context: C,
  ): Placed {
    const { log, dialogue } = this.#options;
    const watching = sessionObserver(log, protocol.name, context, dialogue);
    const observer = arrival.device === undefined ? watching : noteRefusals(watching, arrival.device, context.counters);
    const { name } = protocol;
    const counted = { protocol: name, counters: context.counters };
    const said = (reply: Reply): void => {
      observer.said?.(reply);
      this.#counts.said(name, reply);
    };
    const ended = (end: SessionEnd): void => {
      this.#open.remove(entry);
      this.#counts.ended(counted);
      this.#acceptedBefore += acceptedIn(context.counters);
      observer.ended(end);
      arrival.ended();
    };
    const watched = watchedBy(observer, said, ended);
    const session = new Session(protocol, arrival.channel, context, watched, this.#turns);
    const entry = this.#open.add({ session, protocol: name, counters: context.counters });
    this.#counts.begun(name);
    session.start(arrival.pauseMs);
    return { standing: () => standingOf(session.standing, context.counters), evict: () => session.evict() };
  }

  #tick(): void {
    const nowMs = performance.now();
    const nearlyFull = this.#options.nearlyFull();
    for (const { session } of this.#open.all()) session.tick(nowMs, nearlyFull);
  }

  /** Short, for people, and unlike any other while the server runs. */
  #nextName(): string {
    return `${this.#options.number}.${(++this.#last).toString(36)}`;
  }
}

/** Without a property behind a spread, as above. */
function watchedBy(observer: Observer, said: (reply: Reply) => void, ended: Observer['ended']): Observer {
  const watched = { said, ended, bug: (error: unknown) => observer.bug(error) };
  return observer.heard === undefined ? watched : { heard: (text) => observer.heard?.(text), ...watched };
}

function standingOf(standing: Standing | undefined, counters: object): Standing | undefined {
  return acceptedIn(counters) > 0 && standing !== undefined && standing.idleMs < PAUSE_MS ? undefined : standing;
}

/** Only SMTP's sessions count them. */
function acceptedIn(counters: object): number {
  return 'accepted' in counters ? Number(counters.accepted) : 0;
}

function turnsOfThread(): Turns {
  const runDelay = new RunDelay();
  return new Turns(undefined, () => runDelay.ms);
}

function isAnother(concerned: Concerned, { account }: Grant): boolean {
  return concerned === 'nobody' || (concerned !== 'anybody' && concerned !== account);
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
