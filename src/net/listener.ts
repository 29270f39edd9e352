/**
 * A listening socket, shared between the workers by the cluster: each accepts for itself.
 * An address that is still held by a server that is just ending is tried again for a while.
 */
import { createServer, isIP, Socket, type ListenOptions, type Server } from 'node:net';

export interface TcpAddress {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  /** In this process, when it was opened by somebody else; the address is then only where it leads. */
  readonly descriptor?: number;
}

export interface UnixAddress {
  readonly protocol: string;
  /** Of the socket's file. */
  readonly path: string;
  /** Of the file, once everything is ready. */
  readonly mode: number;
}

export type ListenerAddress = TcpAddress | UnixAddress;

/** One socket would do for both. */
export function samePlace(one: ListenerAddress, other: ListenerAddress): boolean {
  if (isUnix(one) || isUnix(other)) return isUnix(one) && isUnix(other) && one.path === other.path;
  return one.host === other.host && one.port === other.port;
}

/** The system lets only one of them be listened on: all addresses of the machine, and one of these. */
export function overlapping(one: ListenerAddress, other: ListenerAddress): boolean {
  if (isUnix(one) || isUnix(other) || one.port !== other.port || isIP(one.host) !== isIP(other.host)) return false;
  return [one.host, other.host].some((host) => host === '0.0.0.0' || host === '::');
}

export function isUnix(address: ListenerAddress): address is UnixAddress {
  return 'path' in address;
}

/** One clear sentence about an address that cannot be listened on. */
export class ListenError extends Error {
  readonly address: ListenerAddress;
  /** The address does not exist on this machine: fatal for one that was asked for, not for a default. */
  readonly absent: boolean;
  readonly taken: boolean;

  constructor(address: ListenerAddress, { code }: Pick<NodeJS.ErrnoException, 'code'>) {
    const { protocol } = address;
    const place = isUnix(address) ? address.path : `${address.host} port ${address.port}`;
    const why = isUnix(address) ? explainFile(code) : explain(code, protocol);
    super(`Cannot listen on ${place} for ${protocol.toUpperCase()}: ${why}`);
    this.address = address;
    this.taken = code === 'EADDRINUSE';
    this.absent = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
  }
}

const RETRY_FOR_MS = 1_500;
const RETRY_MS = 100;
/** Connections that wait to be accepted; the kernel may cut it (net.core.somaxconn). */
const BACKLOG = 1024;

export class Listener {
  readonly address: ListenerAddress;
  readonly #server: Server;

  private constructor(address: ListenerAddress, server: Server) {
    this.address = address;
    this.#server = server;
  }

  /** @throws ListenError */
  static open(address: ListenerAddress, accept: (socket: Socket) => void): Promise<Listener> {
    return persistently(address, async () => new Listener(address, await listening(address, accept)));
  }

  /** Of a server that accepts for itself, such as one of Node's for HTTP; tried once. @throws ListenError */
  static async serve(address: TcpAddress, server: Server): Promise<Listener> {
    try {
      return new Listener(address, await begun(address, server));
    } catch (error) {
      throw new ListenError(address, error as NodeJS.ErrnoException);
    }
  }

  /** Accepts nothing more; connections that were accepted go on. */
  close(): void {
    this.#server.close();
  }
}

/** For as long as the address is in use, but not for ever. @throws ListenError */
export async function persistently<T>(address: ListenerAddress, act: () => Promise<T>): Promise<T> {
  for (const deadlineMs = Date.now() + RETRY_FOR_MS; ;) {
    try {
      return await act();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || Date.now() > deadlineMs)
        throw new ListenError(address, error as NodeJS.ErrnoException);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function listening(address: ListenerAddress, accept: (socket: Socket) => void): Promise<Server> {
  return begun(address, createServer({ allowHalfOpen: true, noDelay: true }, accept));
}

function begun(address: ListenerAddress, server: Server): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const opened = () => {
      server.off('error', reject);
      server.on('error', () => undefined); // A failed accept (EMFILE) ends neither the listener nor the process.
      resolve(server);
    };
    const descriptor = isUnix(address) ? undefined : address.descriptor;
    if (descriptor === undefined) server.listen(listenOptions(address), opened);
    // Not listen({ fd }), which in a worker would mean a descriptor of the supervisor.
    else server.listen(new Socket({ fd: descriptor, readable: false, writable: false }), BACKLOG, opened);
  });
}

function listenOptions(address: ListenerAddress): ListenOptions {
  if (isUnix(address)) return { path: address.path, backlog: BACKLOG };
  const { host, port } = address;
  return { host, port, backlog: BACKLOG, ipv6Only: host === '::' };
}

function explainFile(code: string | undefined): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program listens there; stop that one, or choose another path';
    case 'ENOTSOCK':
      return 'something else than a socket is there; move it away, or choose another path';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not make a socket there';
    case 'ENOENT':
      return 'its directory does not exist';
    case 'ENOTDIR':
      return 'a file stands where its directory should be';
    default:
      return code ?? 'unknown error';
  }
}

function explain(code: string | undefined, protocol: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another program is using it; stop that one, or choose --${protocol}-port`;
    case 'EACCES':
      return `ports below 1024 need root; start as root with --user, or choose a higher --${protocol}-port`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return 'this machine does not have that address; choose another --host';
    default:
      return code ?? 'unknown error';
  }
}
