/**
 * A listening socket, shared between the workers by the cluster: each accepts for itself.
 * An address that is still held by a server that is just ending is tried again for a while.
 */
import { createServer, Socket, type Server } from 'node:net';

export interface ListenerAddress {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  /** In this process, when it was opened by somebody else; the address is then only where it leads. */
  readonly descriptor?: number;
}

/** One clear sentence about an address that cannot be listened on. */
export class ListenError extends Error {
  /** The address does not exist on this machine: fatal for one that was asked for, not for a default. */
  readonly absent: boolean;

  constructor({ protocol, host, port }: ListenerAddress, { code }: NodeJS.ErrnoException) {
    super(`Cannot listen on ${host} port ${port} for ${protocol.toUpperCase()}: ${explain(code, protocol)}`);
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
  static async open(address: ListenerAddress, accept: (socket: Socket) => void): Promise<Listener> {
    for (const deadlineMs = Date.now() + RETRY_FOR_MS; ;) {
      try {
        return new Listener(address, await listening(address, accept));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || Date.now() > deadlineMs)
          throw new ListenError(address, error as NodeJS.ErrnoException);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Accepts nothing more; connections that were accepted go on. */
  close(): void {
    this.#server.close();
  }
}

function listening(address: ListenerAddress, accept: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
    server.once('error', reject);
    const opened = () => {
      server.off('error', reject);
      server.on('error', () => undefined); // A failed accept (EMFILE) ends neither the listener nor the process.
      resolve(server);
    };
    const { host, port, descriptor } = address;
    if (descriptor === undefined) server.listen({ host, port, backlog: BACKLOG, ipv6Only: host === '::' }, opened);
    // Not listen({ fd }), which in a worker would mean a descriptor of the supervisor.
    else server.listen(new Socket({ fd: descriptor, readable: false, writable: false }), BACKLOG, opened);
  });
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
