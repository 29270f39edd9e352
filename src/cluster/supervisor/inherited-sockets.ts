/**
 * Listening sockets that came with the process, as systemd hands them over (sd_listen_fds(3)): descriptors from 3 on.
 * The supervisor holds them for as long as it lives and gives each worker a copy, so a worker's end closes nothing.
 * What cannot be served is refused at the start, never left open and unanswered.
 */
import { Socket } from 'node:net';
import { portNames } from '../../config/contradictions.js';
import type { ListenVariables } from '../../config/load.js';
import type { Configuration } from '../../config/configuration.js';
import type { ListenerAddress } from '../../net/listener.js';
import { PIPE_DESCRIPTOR } from '../control/orphan-watch.js';
import { serviceNames, serviceOf, type ServiceName } from '../control/services.js';
import { MISCONFIGURED_STATUS, StartError } from './start-error.js';

/** SD_LISTEN_FDS_START. */
const FIRST_DESCRIPTOR = 3;
const FIRST_IN_WORKER = PIPE_DESCRIPTOR + 1;

interface Inherited {
  /** FileDescriptorName= of the socket unit; the unit's own name unless it was set. */
  readonly name: string;
  /** Holds the descriptor open, and is never read. */
  readonly socket: Socket;
}

export class InheritedSockets {
  readonly #sockets: readonly Inherited[];

  private constructor(sockets: readonly Inherited[]) {
    this.#sockets = sockets;
  }

  /** @throws StartError */
  static receive({ pid, count, names }: ListenVariables): InheritedSockets {
    const numbers = Array.from({ length: pid === process.pid ? count : 0 }, (_, at) => at);
    return new InheritedSockets(
      numbers.map((at) => ({ name: names[at] ?? '', socket: hold(FIRST_DESCRIPTOR + at, names[at] ?? '') })),
    );
  }

  /** For the `stdio` of workers, in which they begin at FIRST_IN_WORKER. */
  get descriptors(): readonly number[] {
    return this.#sockets.map((_, at) => FIRST_DESCRIPTOR + at);
  }

  /** Where they listen, and for which protocol, as workers open them. @throws StartError */
  listeners(configuration: Configuration): readonly ListenerAddress[] {
    return this.#sockets.map(({ name, socket }, at) => ({
      protocol: serviceFor(name, socket, configuration),
      host: socket.localAddress ?? '',
      port: socket.localPort ?? 0,
      descriptor: FIRST_IN_WORKER + at,
    }));
  }
}

function hold(fd: number, name: string): Socket {
  try {
    const socket = new Socket({ fd, readable: false, writable: false });
    if (socket.localPort !== undefined) return socket;
  } catch {
    // Not a socket at all; said below.
  }
  throw new StartError(
    `The socket ${label(fd, name)} is not one for TCP; see ListenStream= in its socket unit`,
    MISCONFIGURED_STATUS,
  );
}

function serviceFor(name: string, { localPort }: Socket, configuration: Configuration): ServiceName {
  const port = portNames.find((each) => configuration[each] === localPort);
  const found = serviceNames.find((each) => each === name) ?? (port && serviceOf(port));
  if (found !== undefined) return found;
  throw new StartError(
    `The socket '${name}' for port ${localPort ?? 0} could be for any protocol: ` +
      `set FileDescriptorName= in its socket unit to one of ${serviceNames.join(', ')}`,
    MISCONFIGURED_STATUS,
  );
}

function label(fd: number, name: string): string {
  return name === '' ? `in descriptor ${fd}` : `'${name}' in descriptor ${fd}`;
}
