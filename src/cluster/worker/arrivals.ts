/**
 * A connection from its accept to its session: it asks to be let in, shakes hands where its service begins with TLS, and takes a place
 * until it ends or is evicted.
 */
import type { Socket } from 'node:net';
import { clientOf } from '../../ip/networks.js';
import type { Log } from '../../log/log.js';
import { Connection } from '../../net/connection.js';
import { TlsService, type TlsMaterial } from '../../net/tls.js';
import { pop3 } from '../../pop3/protocol.js';
import { SharedReads } from '../../runtime/shared-reads.js';
import { SharedWrites } from '../../runtime/shared-writes.js';
import type { Channel, Peer } from '../../session/channel.js';
import { mx } from '../../smtp/protocol.js';
import type { ConnectionSlots, SlotGrant, SlotAnswer } from './connection-slots.js';
import { groupOf, serviceNames, services, type ServiceName } from '../control/services.js';
import type { AdmittedConnections, Standing } from './admitted-connections.js';
import type { Placed, Sessions } from './sessions.js';

export interface ArrivalsOptions {
  readonly log: Log;
  readonly slots: ConnectionSlots;
  readonly connections: AdmittedConnections;
  readonly sessions: Sessions;
  readonly tls: TlsMaterial | undefined;
  /** Whether every session at rest is to end. */
  readonly isHurried: () => boolean;
  /** A connection has ended, or begun its session, or not been let in. */
  readonly ended: () => void;
}

/** Who sends before the greeting is no mail client; those that are not trusted get this long to show it. */
const GREETING_PAUSE_MS = 200;

export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #shared = { reads: new SharedReads(), writes: new SharedWrites() };
  #tls: ReadonlyMap<ServiceName, TlsService>;
  #count = 0;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    this.#tls = tlsServices(options.tls);
  }

  /** Connections that wait to be let in, or shake hands before their session begins. */
  get count(): number {
    return this.#count;
  }

  /** New connections, from now on. */
  serveWith(tls: TlsMaterial | undefined): void {
    this.#tls = tlsServices(tls);
  }

  accept(name: ServiceName, socket: Socket, peer: Peer): void {
    const channel = new Connection(socket, { tls: this.#tls.get(name), peer, shared: this.#shared });
    const grant = this.#options.slots.enter(peer, groupOf(name));
    if (!(grant instanceof Promise)) this.#letIn(name, channel, grant);
    else this.#await(grant.then((late) => this.#letIn(name, channel, late)));
  }

  #letIn(name: ServiceName, channel: Channel, grant: SlotGrant): void {
    if (grant.answer === 'welcome') this.#welcome(name, channel, grant);
    else this.#refuse(name, channel, grant.answer);
  }

  #refuse(name: ServiceName, channel: Channel, answer: Exclude<SlotAnswer, 'welcome'>): void {
    this.#options.log.info({ protocol: name, peer: channel.peer.address, outcome: answer }, 'connection refused');
    const { protocol, implicitTls } = services[name];
    const { connectionRefusals } = protocol === 'pop3' ? pop3 : mx;
    channel.open({ receive: ignore, drained: ignore, inputEnded: ignore, closed: ignore });
    if (!implicitTls) channel.write(connectionRefusals[answer].head);
    channel.end();
  }

  #welcome(name: ServiceName, channel: Channel, grant: SlotGrant): void {
    const place = this.#place(name, channel, grant);
    if (!services[name].implicitTls) return this.#begin(name, channel, place);
    const shaken = channel.secure().then(
      (secured) => this.#begin(name, secured, place),
      (error: unknown) => this.#noHandshake(name, channel, { place, error: error as NodeJS.ErrnoException }),
    );
    this.#await(shaken);
  }

  /** From here on it counts, until it ends or is evicted. */
  #place(name: ServiceName, channel: Channel, grant: SlotGrant): Place {
    const { peer } = channel;
    const sinceMs = performance.now();
    const place: Place = {
      leave: once(() => {
        this.#options.connections.remove(entry);
        this.#options.slots.leave(peer, groupOf(name), grant);
      }),
      session: undefined,
    };
    const entry = this.#options.connections.add({
      client: clientOf(peer.address),
      group: groupOf(name),
      trusted: this.#options.slots.isTrusted(peer),
      standing: (nowMs) => (place.session === undefined ? waitingSince(sinceMs, nowMs) : place.session.standing()),
      evict: () => {
        place.leave();
        if (place.session === undefined) channel.destroy();
        else place.session.evict();
      },
    });
    return place;
  }

  /** No session yet, but no reason to end either. */
  #await(arrival: Promise<void>): void {
    this.#count += 1;
    void arrival.finally(() => {
      this.#count -= 1;
      this.#options.ended();
    });
  }

  #noHandshake(
    name: ServiceName,
    { peer }: Channel,
    { place, error: { code, name: kind } }: { readonly place: Place; readonly error: NodeJS.ErrnoException },
  ): void {
    place.leave();
    this.#options.log.info(
      { protocol: name, peer: peer.address, outcome: `broken: ${code ?? kind}` },
      'no TLS handshake',
    );
  }

  #begin(name: ServiceName, channel: Channel, place: Place): void {
    const { peer } = channel;
    place.session = this.#options.sessions.begin(services[name].protocol, {
      channel,
      offersTls: this.#tls.has(name) && peer.origin !== 'unix', // It crosses no network.
      pauseMs: services[name].implicitTls || this.#options.slots.isTrusted(peer) ? 0 : GREETING_PAUSE_MS,
      ended: () => {
        place.leave();
        this.#options.ended();
      },
    });
    if (this.#options.isHurried()) this.#options.sessions.drain(); // It came too late to be told with the others.
  }
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

/** Who was refused has nothing more to say. */
function ignore(): void {}
