/** A service's TLS on real sockets: versions, names, deadlines, tickets, and clients that do something else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { TlsService, type CertifiedKey } from '../../src/net/tls.js';
import { certificateOf } from '../support/certificates.js';
import { eventually, within } from '../support/eventually.js';
import { itNeeds, runAnyhow } from '../support/programs.js';
import { secureSocket, ticketOf } from '../support/tls-client.js';

const SECRET = '5e'.repeat(32);
const PATIENCE_MS = 5_000;
const SHORT_MS = 50;

/** Serves one service; each handshake's end is a promise. */
class Endpoint {
  readonly failures: Promise<NodeJS.ErrnoException>[] = [];
  readonly secured: TLSSocket[] = [];
  readonly #server: Server;

  constructor(service: TlsService) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      const shaken = service.handshake(socket);
      shaken.then(
        (secured) => {
          this.secured.push(secured);
          secured.on('error', () => undefined).on('data', (bytes: Buffer) => secured.write(bytes));
          secured.on('end', () => secured.end());
        },
        () => undefined,
      );
      this.failures.push(
        shaken.then(
          () => Promise.reject(new Error('the handshake succeeded')),
          (error: unknown) => error as NodeJS.ErrnoException,
        ),
      );
      this.failures.at(-1)?.catch(() => undefined);
    });
  }

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How the first handshake failed. */
  async failure(): Promise<string | undefined> {
    const failure = this.failures[0] ?? Promise.reject(new Error('nobody came'));
    return (await within(PATIENCE_MS, 'the handshake to fail', failure)).code;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.secured) socket.destroy();
  }
}

describe('the TLS of a service', () => {
  let keys: readonly CertifiedKey[];
  const open: Endpoint[] = [];

  before(async () => {
    keys = [
      await certificateOf(['first.example']),
      await certificateOf(['second.example', 'also.example']),
      await certificateOf(['*.wild.example']),
    ];
  });

  afterEach(() => {
    for (const endpoint of open.splice(0)) endpoint.close();
  });

  async function serving(name = 'smtp', timeoutMs = PATIENCE_MS): Promise<Endpoint> {
    const endpoint = await new Endpoint(new TlsService(name, { keys, ticketSecret: SECRET }, { timeoutMs })).open();
    open.push(endpoint);
    return endpoint;
  }

  async function rawClient(port: number, said: string): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
    socket.resume().write(said);
    await once(socket, 'connect');
    return socket;
  }

  for (const [asked, shown] of [
    ['first.example', 'first.example'],
    ['second.example', 'second.example'],
    ['ALSO.example', 'second.example'],
    ['any.wild.example', '*.wild.example'],
    ['two.deep.wild.example', 'first.example'],
    ['unknown.example', 'first.example'],
    ['x'.repeat(250), 'first.example'],
    ['', 'first.example'],
  ] as const)
    it(`shows the certificate of ${shown} to who asks for '${asked.slice(0, 30)}'`, async () => {
      const { port } = await serving();
      const socket = await secureSocket({ port, servername: asked });
      expect(socket.getPeerCertificate().subject.CN).to.equal(shown);
      socket.destroy();
    });

  it('ends with the deadline when no handshake comes, or only its beginning', async () => {
    for (const said of ['', '\x16\x03\x01']) {
      const endpoint = await serving('smtp', SHORT_MS);
      const client = await rawClient(endpoint.port, said);
      await within(PATIENCE_MS, 'the end of the connection', once(client, 'close'));
      expect(await endpoint.failure()).to.equal('TLS_TIMEOUT');
    }
  });

  it('ends at once when something else comes', async () => {
    const endpoint = await serving();
    const client = await rawClient(endpoint.port, 'EHLO client.example\r\nMAIL FROM:<>\r\n');
    await within(PATIENCE_MS, 'the end of the connection', once(client, 'close'));
    expect(await endpoint.failure()).to.match(/^ERR_SSL_/);
  });

  it('ends when the client goes away', async () => {
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const endpoint = await serving();
      const client = await rawClient(endpoint.port, '\x16\x03\x01\x02');
      client[leave]();
      expect(await endpoint.failure(), leave).to.be.a('string');
    }
  });

  it('ends with a connection that is gone before it begins', async () => {
    const service = new TlsService('smtp', { keys, ticketSecret: SECRET });
    const { port } = await serving();
    const socket = await rawClient(port, '');
    socket.destroy();
    const failed = service.handshake(socket).then(
      () => undefined,
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
    expect(await within(PATIENCE_MS, 'the refusal', failed)).to.equal('TLS_BROKEN_OFF');
  });

  it('ends when garbage comes between two records', async () => {
    const endpoint = await serving();
    let upstream: Socket | undefined;
    const relay = createServer((client) => {
      upstream = connect({ port: endpoint.port, host: '127.0.0.1' }).on('error', () => undefined);
      client.on('error', () => undefined);
      client.pipe(upstream).pipe(client);
    });
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const client = await secureSocket({ port: (relay.address() as AddressInfo).port });
    client.on('error', () => undefined).write('x');
    await once(client, 'data');
    const ended = new Promise((resolve) => client.once('close', resolve));
    upstream?.write('no record at all');
    await within(PATIENCE_MS, 'the end of the connection', ended);
    const [secured] = endpoint.secured;
    await eventually('the end at the server', () => secured?.destroyed);
    relay.close();
  });

  it('passes on that the client sends nothing more, and still answers', async () => {
    const { port } = await serving();
    const socket = await secureSocket({ port });
    socket.end('last words');
    const [said] = (await within(PATIENCE_MS, 'the answer', once(socket, 'data'))) as [Buffer];
    expect(said.toString()).to.equal('last words');
    await within(PATIENCE_MS, 'the end', once(socket, 'end'));
  });

  itNeeds(['openssl'], 'refuses TLS 1.0 and 1.1', async () => {
    const { port } = await serving();
    for (const version of ['-tls1', '-tls1_1']) {
      const { status, stderr, stdout } = await openssl(port, [version, '-cipher', 'ALL:@SECLEVEL=0']);
      expect(status, version).to.not.equal(0);
      expect(stderr + stdout.toString(), version).to.match(/protocol version|alert number 70/);
    }
  });

  itNeeds(['openssl'], 'refuses to negotiate anew', async () => {
    const endpoint = await serving();
    const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${endpoint.port}`, '-tls1_2']);
    let said = '';
    client.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    client.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    try {
      await eventually('the handshake', () => said.includes('Verify return code'));
      client.stdin.write('R\n');
      await eventually('the end at the server', () => endpoint.secured[0]?.destroyed);
      expect(said).to.include('RENEGOTIATING');
      await eventually('the end at the client', () => client.exitCode !== null);
      expect(said.match(/Verify return code/g)).to.have.length(1);
    } finally {
      client.kill('SIGKILL');
    }
  });

  function openssl(port: number, argv: readonly string[], input = 'Q\n') {
    return runAnyhow('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...argv], {
      input,
      timeoutMs: PATIENCE_MS,
    });
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    for (const name of ['first.example', 'second.example'])
      it(`resumes a session of ${version} with ${name} at the same service of another worker, and at no other service`, async () => {
        const [smtp, elsewhere] = [await serving('smtp'), await serving('smtp')];
        const visit = async ({ port }: Endpoint, session?: Buffer) => {
          const options = { servername: name, minVersion: version, maxVersion: version };
          const socket = await secureSocket({ port, ...options, ...(session && { session }) });
          socket.write('x');
          await once(socket, 'data');
          const visited = { resumed: socket.isSessionReused(), ticket: ticketOf(socket) };
          socket.destroy();
          return visited;
        };
        const { ticket } = await visit(smtp);
        expect((await visit(smtp, ticket)).resumed, 'the same').to.equal(true);
        expect((await visit(elsewhere, (await visit(smtp)).ticket)).resumed, 'another worker').to.equal(true);
        for (const other of ['submission', 'submissions', 'pop3', 'pop3s']) {
          const there = await serving(other);
          expect((await visit(there, (await visit(smtp)).ticket)).resumed, `smtp at ${other}`).to.equal(false);
          expect((await visit(smtp, (await visit(there)).ticket)).resumed, `${other} at smtp`).to.equal(false);
        }
      });
});
