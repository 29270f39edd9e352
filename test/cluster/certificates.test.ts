/** Certificates while the server runs: renewed on disk, renewed badly, told by SIGHUP; and the one that it makes itself. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { certificateOf } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { beginData, demand } from '../support/mail-clients.js';
import { POSTMASTER, Server, somePorts } from '../support/server.js';
import { secureSocket, upgraded } from '../support/tls-client.js';

const SESSIONS = 100;
const HELLO = ['EHLO client.example', 'STARTTLS'];

/** The fingerprint that a new session is shown. */
async function shown({ smtpPort }: Server): Promise<string> {
  const { socket } = await upgraded(smtpPort, HELLO);
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

describe('a certificate that is given', function () {
  this.timeout(60_000);
  let directory: string;
  let server: Server;
  let first: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-'));
    first = await put('one');
    await symlink('one', join(directory, 'live'));
    const files = ['--tls-certificate', 'live/cert.pem', '--tls-key', 'live/key.pem'];
    server = await Server.start({
      directory,
      arguments: [...files, '--hostname', 'mx.example.org', '--max-sessions-per-address', '200'],
    });
    expect(await shown(server)).to.equal(first);
  });

  afterEach(() => server.release());

  /** A directory with a certificate and its key. @returns the certificate's fingerprint */
  async function put(name: string): Promise<string> {
    const { certificate, key } = await certificateOf(['mx.example.org']);
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, 'cert.pem'), certificate);
    await writeFile(join(directory, name, 'key.pem'), key);
    return fingerprint(certificate);
  }

  const toShow = (what: string, wanted: string) =>
    eventually(what, async () => (await shown(server)) === wanted, 20_000);

  it('is renewed by another link for the next session, while a hundred go on in the middle of a message', async () => {
    const clients = await Promise.all(
      Array.from({ length: SESSIONS }, async (_, at): Promise<LineClient> => {
        const { client } = await upgraded(server.smtpPort, HELLO);
        await demand(client, 'EHLO client.example', 250);
        if (at % 2 === 0) await beginData(client, POSTMASTER);
        else await demand(client, 'MAIL FROM:<>', 250);
        return client;
      }),
    );
    const second = await put('two');
    await symlink('two', join(directory, 'next'));
    await rename(join(directory, 'next'), join(directory, 'live'));
    await toShow('the second certificate', second);
    for (const [at, client] of clients.entries()) {
      if (at % 2 === 0) client.send('Subject: goes on', '', '.');
      else client.send('RSET');
      expect((await client.reply()).code).to.equal(250);
      client.destroy();
    }
  });

  it('is renewed when the key is written first and the certificate later', async () => {
    const { certificate, key } = await certificateOf(['mx.example.org']);
    await writeFile(join(directory, 'one', 'key.pem'), key);
    await eventually('the log to say that they do not fit', () =>
      /"level":50.*not reloaded: live\/key\.pem holds the key of another certificate/.test(server.stdout),
    );
    expect(await shown(server)).to.equal(first);
    await writeFile(join(directory, 'one', 'cert.pem'), certificate);
    await toShow('the second certificate', fingerprint(certificate));
  });

  it('stays in service when its renewal is broken, and is replaced when that is mended', async () => {
    await writeFile(join(directory, 'one', 'cert.pem'), 'half a cert');
    await eventually('the log to say so', () => /"level":50.*cert\.pem holds no certificate/.test(server.stdout));
    expect(await shown(server)).to.equal(first);
    const second = await put('two');
    await writeFile(join(directory, 'one', 'key.pem'), await readFile(join(directory, 'two', 'key.pem')));
    await writeFile(join(directory, 'one', 'cert.pem'), await readFile(join(directory, 'two', 'cert.pem')));
    await toShow('the second certificate', second);
  });

  it('is read again at SIGHUP', async () => {
    const second = await put('two');
    await symlink('two', join(directory, 'next'));
    await rename(join(directory, 'next'), join(directory, 'live'));
    server.signal('SIGHUP');
    await toShow('the second certificate', second);
    await eventually('the workers to be new', () => server.stdout.includes('every worker is new'));
    expect(await shown(server)).to.equal(second);
  });
});

describe('a certificate that nobody gave', function () {
  this.timeout(60_000);
  let server: Server;

  afterEach(() => server.release());

  const again = async (...more: readonly string[]) => {
    await server.stop();
    await server.release({ keep: true });
    server = await Server.start({ like: server, arguments: more });
    return shown(server);
  };

  it('is made for the owner alone, printed, kept, and made anew for another name or when it is over', async () => {
    server = await Server.start({ withoutCertificate: true });
    const file = join(server.directory, 'mail.pem');
    const made = await shown(server);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(server.stdout).to.include(`SHA-256 fingerprint ${made}`);
    expect(server.stdout + server.stderr, 'a warning about what it made itself').to.not.include('"level":40');
    expect(await again()).to.equal(made);
    const renamed = await again('--hostname', 'other.example.org');
    expect(renamed).to.not.equal(made);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const { certificate, key } = await certificateOf(['other.example.org', 'localhost'], { begins: -90, ends: -1 });
    await writeFile(file, certificate + key);
    const renewed = await again('--hostname', 'other.example.org');
    expect([renamed, fingerprint(certificate)]).to.not.include(renewed);
  });
});

describe('a handshake that is going on when the server stops', () => {
  it('leads to a goodbye under TLS, and does not keep the server waiting', async () => {
    const [port = 0] = await somePorts(1);
    const server = await Server.start({ arguments: ['--submissions-port', String(port), '--drain-timeout', '1m'] });
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    await eventually('the connection to be accepted', async () => (await accepted(server, port)) > 0);
    server.signal('SIGTERM');
    await eventually('the server to stop', () => server.stdout.includes('"msg":"stopping"'));
    const client = LineClient.over(await secureSocket({ socket }));
    expect(await client.rest()).to.match(/421 4\.3\.2 [^\r]*\r\n$/);
    expect((await server.end()).status).to.equal(0);
    await server.release();
  });

  /** Once somebody else is served, whoever came before has been accepted; both workers accept. */
  async function accepted(server: Server, port: number): Promise<number> {
    const others = await Promise.all([1, 2, 3, 4].map(() => secureSocket({ port })));
    for (const other of others) other.destroy();
    return (await server.status()).workers.length;
  }
});
