/**
 * What ties a login to its connection (RFC 5929, RFC 9266), on real sockets: both ends must come to the same octets, for
 * certificates of all kinds, several of them, renewed ones, and sessions that are resumed.
 */
import { X509Certificate, createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { TlsService, type CertifiedKey } from '../../src/net/tls.js';
import { signatureHash } from '../../src/net/signature-hash.js';
import { certificateOf } from '../support/certificates.js';
import { itNeeds, run } from '../support/programs.js';
import { secureSocket, ticketOf } from '../support/tls-client.js';

const SECRET = '5e'.repeat(32);
const END_POINT = 'tls-server-end-point';

/** Both ends of a connection. */
interface Ends {
  /** In hexadecimal. */
  readonly bindings: (type: string) => readonly string[];
  readonly client: TLSSocket;
}

/** Connects once. */
async function meet(keys: readonly CertifiedKey[], options: ConnectionOptions = {}): Promise<Ends> {
  const service = new TlsService('smtp', { keys, ticketSecret: SECRET });
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const secured = once(server, 'connection').then(([socket]) => service.handshake(socket as Socket));
  const client = await secureSocket({ port: (server.address() as AddressInfo).port, ...options });
  const socket = await secured;
  socket.on('error', () => undefined).on('data', (bytes: Buffer) => socket.write(bytes));
  client.on('error', () => undefined).write('x'); // TLS 1.3 sends its tickets behind the handshake.
  await once(client, 'data');
  server.close();
  return { bindings: (type) => service.securityOf(socket).channelBindings(type).map(hex), client };
}

function hex(octets: Uint8Array = new Uint8Array()): string {
  return Buffer.from(octets).toString('hex');
}

/** As a client computes it, of the certificate that it was shown. */
function ofShown(client: TLSSocket, hash = 'sha256'): string {
  return createHash(hash).update(client.getPeerCertificate().raw).digest('hex');
}

describe('channel binding', () => {
  let directory = '';
  let first: CertifiedKey;
  let second: CertifiedKey;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-binding-'));
    [first, second] = [await certificateOf(['first.example']), await certificateOf(['second.example'])];
  });

  after(() => rmSync(directory, { recursive: true }));

  async function openssl(...argv: readonly string[]): Promise<CertifiedKey> {
    const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
    const subject = ['-subj', '/CN=first.example', '-nodes', '-days', '30'];
    await run('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', certificate, ...argv]);
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  const rsa = ['-newkey', 'rsa:2048'];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const pss = [...rsa, '-sigopt', 'rsa_padding_mode:pss'];

  for (const [argv, signed, bound] of [
    [[...rsa, '-md5'], 'md5', 'sha256'],
    [[...rsa, '-sha1'], 'sha1', 'sha256'],
    [[...rsa, '-sha224'], 'sha224', 'sha224'],
    [[...rsa, '-sha256'], 'sha256', 'sha256'],
    [[...rsa, '-sha384'], 'sha384', 'sha384'],
    [[...rsa, '-sha512'], 'sha512', 'sha512'],
    [[...ec, '-sha1'], 'sha1', 'sha256'],
    [[...ec, '-sha256'], 'sha256', 'sha256'],
    [[...ec, '-sha384'], 'sha384', 'sha384'],
    [[...ec, '-sha512'], 'sha512', 'sha512'],
    [[...pss, '-sha256'], 'sha256', 'sha256'],
    [[...pss, '-sha384'], 'sha384', 'sha384'],
    [[...pss, '-sha512'], 'sha512', 'sha512'],
    [[...pss, '-sha384', '-sigopt', 'rsa_mgf1_md:sha256'], undefined, undefined],
    [['-newkey', 'ed25519'], undefined, undefined],
  ] as const)
    itNeeds(
      ['openssl'],
      `by ${END_POINT} hashes a certificate of ${argv.join(' ')} with ${bound ?? 'nothing'}`,
      async () => {
        const identity = await openssl(...argv);
        expect(signatureHash(new X509Certificate(identity.certificate).raw)).to.equal(signed);
        for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
          const { bindings, client } = await meet([identity], { minVersion: version, maxVersion: version });
          expect(bindings(END_POINT)).to.deep.equal(bound === undefined ? [] : [ofShown(client, bound)]);
          client.destroy();
        }
      },
    );

  it('reads nothing out of what is no certificate', () => {
    for (const octets of ['', '30', '3080', '30820001', '300530030c01', 'ff'.repeat(9), `30ff${'ff'.repeat(200)}`])
      expect(signatureHash(Buffer.from(octets, 'hex'))).to.equal(undefined);
    const { raw } = new X509Certificate(first.certificate);
    for (let length = 0; length < raw.length; length++)
      expect(() => signatureHash(raw.subarray(0, length))).to.not.throw();
  });

  it('is that of the certificate that the client asked for', async () => {
    for (const servername of ['first.example', 'second.example', 'unknown.example', '']) {
      const { bindings, client } = await meet([first, second], { servername });
      expect(bindings(END_POINT), servername).to.deep.equal([ofShown(client)]);
      client.destroy();
    }
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    it(`is that of the certificate that the client knows, when a session of ${version} is resumed or one of several was renewed`, async () => {
      const options = { servername: 'second.example', minVersion: version, maxVersion: version };
      const before = await meet([first, second], options);
      const session = ticketOf(before.client);
      const again = await meet([first, second], { ...options, session });
      expect(again.client.isSessionReused()).to.equal(true);
      expect(again.bindings(END_POINT)).to.include(ofShown(before.client)).and.to.have.length(2);
      const renewed = await certificateOf(['second.example']);
      const after = await meet([first, renewed], { ...options, session });
      expect(after.client.isSessionReused()).to.equal(false);
      expect(after.bindings(END_POINT)).to.deep.equal([ofShown(after.client)]);
      for (const { client } of [before, again, after]) client.destroy();
    });

  it('has an exporter under TLS 1.3, and the first Finished before', async () => {
    const later = await meet([first], { minVersion: 'TLSv1.3' });
    const exported = later.client.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    expect(later.bindings('tls-exporter')).to.deep.equal([hex(exported)]);
    expect(later.bindings('tls-unique')).to.deep.equal([]);
    const options = { maxVersion: 'TLSv1.2' } as const;
    const earlier = await meet([first], options);
    expect(earlier.bindings('tls-exporter')).to.deep.equal([]);
    expect(earlier.bindings('tls-unique')).to.deep.equal([hex(earlier.client.getFinished())]);
    const resumed = await meet([first], { ...options, session: ticketOf(earlier.client) });
    expect(resumed.client.isSessionReused()).to.equal(true);
    expect(resumed.bindings('tls-unique')).to.deep.equal([hex(resumed.client.getPeerFinished())]);
    expect(resumed.bindings('tls-of-tomorrow')).to.deep.equal([]);
    for (const { client } of [later, earlier, resumed]) client.destroy();
  });
});
