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
import { MendedChannel } from '../../net/mended-channel.js';
import { failureReply, replies } from '../../smtp/replies.js';
import { Mends, type DeviceSession } from '../../smtp/device-session.js';
import { mx } from '../../smtp/protocol.js';
import type { Reply } from '../../session/reply.js';
import type { Devices, ListedDevice } from '../../store/devices.js';
import { StoreError } from '../../store/errors.js';
import { ListedDevices } from './listed-devices.js';
import type { ConnectionSlots, SlotGrant, SlotAnswer } from './connection-slots.js';
import { groupOf, serviceNames, services, type ServiceName } from '../control/services.js';
import type { AdmittedConnections, Standing } from './admitted-connections.js';
import type { Placed, Sessions } from './sessions.js';

export interface ArrivalsOptions {
  readonly log: Log;
  readonly slots: ConnectionSlots;
  readonly connections: AdmittedConnections;
  readonly sessions: Sessions;
  readonly devices: Devices;
  readonly tls: TlsMaterial | undefined;
  /** Whether every session at rest is to end. */
  readonly isHurried: () => boolean;
  /** A connection has ended, or begun its session, or not been let in. */
  readonly ended: () => void;
}

/** Who sends before the greeting is no mail client; those that are not trusted get this long to show it. */
const GREETING_PAUSE_MS = 200;
/** A device that begins with TLS sends its first octet in this time; it may be slow, and whoever waits for the greeting waits so long. */
const DEVICE_PAUSE_MS = 500;

export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #shared = { reads: new SharedReads(), writes: new SharedWrites() };
  readonly #listed: ListedDevices;
  #tls: ReadonlyMap<ServiceName, TlsService>;
  #count = 0;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    this.#listed = new ListedDevices(options.devices);
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

  #letIn(name: ServiceName, channel: Connection, grant: SlotGrant): void {
    if (grant.answer === 'welcome') this.#welcome(name, channel, grant);
    else this.#refuse(name, channel, grant.answer);
  }

  #refuse(name: ServiceName, channel: Channel, answer: Exclude<SlotAnswer, 'welcome'>): void {
    this.#options.log.info({ protocol: name, peer: channel.peer.address, outcome: answer }, 'connection refused');
    const { protocol, implicitTls } = services[name];
    const { connectionRefusals } = protocol === 'pop3' ? pop3 : mx;
    turnAway(channel, implicitTls ? undefined : connectionRefusals[answer]);
  }

  #welcome(name: ServiceName, channel: Connection, grant: SlotGrant): void {
    const place = this.#place(name, channel, grant);
    if (name === 'device') return this.#await(this.#admitDevice(channel, place));
    if (!services[name].implicitTls) return this.#begin(name, channel, place);
    const shaken = channel.secure().then(
      (secured) => this.#begin(name, secured, place),
      (error: unknown) => this.#noHandshake(name, channel, { place, error: error as NodeJS.ErrnoException }),
    );
    this.#await(shaken);
  }

  /** One that is not listed is told so before anything else, in clear: only who is listed may begin with TLS. */
  async #admitDevice(channel: Connection, place: Place): Promise<void> {
    const device = await this.#deviceAt(channel.peer);
    if (device === undefined || device instanceof StoreError) {
      place.leave();
      const refusal = device === undefined ? replies.notListed(channel.peer.address) : failureReply(device);
      return turnAway(channel, refusal);
    }
    const mends = new Mends();
    const session = { device, devices: this.#options.devices, mends };
    const secured = (await channel.beginsWithTls(DEVICE_PAUSE_MS))
      ? await this.#shake(channel, { place, device })
      : channel;
    if (secured !== undefined)
      this.#begin('device', new MendedChannel(secured, () => mends.add('line-ends')), place, session);
  }

  async #deviceAt({ address }: Peer): Promise<ListedDevice | StoreError | undefined> {
    try {
      const device = await this.#listed.at(address);
      if (device === undefined)
        this.#options.log.info({ protocol: 'device', peer: address, outcome: 'not-listed' }, 'connection refused');
      return device;
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  }

  async #shake(
    channel: Connection,
    { place, device }: { readonly place: Place; readonly device: ListedDevice },
  ): Promise<Channel | undefined> {
    try {
      return await channel.secure();
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      this.#options.devices.recordRefusal(device.id, `no TLS handshake: ${code ?? name}`);
      this.#noHandshake('device', channel, { place, error: error as NodeJS.ErrnoException });
      return undefined;
    }
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
    channel: Channel,
    { place, error: { code, name: kind } }: { readonly place: Place; readonly error: NodeJS.ErrnoException },
  ): void {
    place.leave();
    channel.destroy(); // Also where there is no TLS to begin: nobody else has it any more.
    this.#options.log.info(
      { protocol: name, peer: channel.peer.address, outcome: `broken: ${code ?? kind}` },
      'no TLS handshake',
    );
  }

  #begin(name: ServiceName, channel: Channel, place: Place, device?: DeviceSession): void {
    const { peer } = channel;
    place.session = this.#options.sessions.begin(services[name].protocol, {
      channel,
      device,
      offersTls: this.#tls.has(name) && peer.origin !== 'unix', // It crosses no network.
      pauseMs:
        services[name].implicitTls || name === 'device' || this.#options.slots.isTrusted(peer) ? 0 : GREETING_PAUSE_MS,
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
  const serviceOf = (name: ServiceName, material: TlsMaterial) =>
    new TlsService(name, material, { legacy: name === 'device' });
  return new Map(tls === undefined ? [] : serviceNames.map((name) => [name, serviceOf(name, tls)]));
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

/** With a last word, if there is one that it would understand. */
function turnAway(channel: Channel, word: Reply | undefined): void {
  channel.open({ receive: ignore, drained: ignore, inputEnded: ignore, closed: ignore });
  if (word !== undefined) channel.write(word.head);
  channel.end();
}

/** Who was refused has nothing more to say. */
function ignore(): void {}
