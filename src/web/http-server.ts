/**
 * Listens for HTTP and HTTPS, and bounds what a client may cost: its time, the size of its headers, how many there are. Knows no
 * route. Drained, it accepts nothing more and lets requests that have begun end; what is left when the time is over is cut.
 */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:tls';
import { Listener, type TcpAddress } from '../net/listener.js';
import { TlsService, type TlsMaterial } from '../net/tls.js';

/** All headers of a request must have come by then, and all of it. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 300_000;
/** A connection on which nothing moves is closed, between requests sooner. */
const IDLE_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_MS = 15_000;
const HEADERS_LIMIT_BYTES = 16 * 1024;
/** On each address; one more is closed at once. */
const CONNECTION_LIMIT = 2_000;
const LOOK_MS = 100;

const OPTIONS: ServerOptions = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: HEADERS_LIMIT_BYTES,
};

export class HttpServer {
  readonly #handle: RequestListener;
  readonly #servers: Server[] = [];
  readonly #secured: TlsServer[] = [];
  #tls: TlsService | undefined;

  constructor(handle: RequestListener, tls: TlsMaterial | undefined) {
    this.#handle = handle;
    this.#tls = serviceOf(tls);
  }

  /** @throws ListenError */
  async open(address: TcpAddress, isSecure: boolean): Promise<void> {
    const server = isSecure ? this.#makeSecured() : createServer(OPTIONS, this.#handle);
    server.timeout = IDLE_TIMEOUT_MS;
    server.maxConnections = CONNECTION_LIMIT;
    await Listener.serve(address, server);
    this.#servers.push(server);
  }

  /** Handshakes from now on. */
  serveWith(tls: TlsMaterial | undefined): void {
    this.#tls = serviceOf(tls);
    if (this.#tls !== undefined) for (const server of this.#secured) server.setSecureContext(this.#tls.serverOptions);
  }

  async drain(patienceMs: number): Promise<void> {
    const idle = setInterval(() => this.#servers.forEach((server) => server.closeIdleConnections()), LOOK_MS);
    const cut = setTimeout(() => this.#servers.forEach((server) => server.closeAllConnections()), patienceMs);
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
    clearInterval(idle);
    clearTimeout(cut);
  }

  #makeSecured(): Server {
    const server = createTlsServer(
      {
        ...{ ...OPTIONS, ...this.#tls?.serverOptions, ALPNProtocols: ['http/1.1'] },
        SNICallback: (name, give) => give(null, this.#tls?.contextFor(name)),
      },
      this.#handle,
    );
    this.#secured.push(server);
    return server;
  }
}

function serviceOf(tls: TlsMaterial | undefined): TlsService | undefined {
  return tls && new TlsService('web', tls);
}
