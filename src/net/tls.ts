/**
 * The TLS of one service (RFC 8446, RFC 5246 §1.2; choices of RFC 9325): which certificate for which name, and the handshake.
 * Versions below 1.2, ciphers without forward secrecy and renegotiation are never offered. A session ticket of one service
 * means nothing to another: its keys follow from the service's name. A handshake that fails, or takes too long, costs its connection.
 */
import { X509Certificate, constants, createHash, hkdfSync } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket, createSecureContext, type SecureContext } from 'node:tls';
import type { Security } from '../session/channel.js';

/** A certificate chain and its key, as PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** What the processes of one server share, so that a ticket of one worker is good at the others. */
export interface TlsMaterial {
  /** The first answers clients that name no server, or one that nobody has. */
  readonly identities: readonly Identity[];
  /** Random; the keys of tickets follow from it. As hexadecimal. */
  readonly ticketSecret: string;
}

const HANDSHAKE_TIMEOUT_MS = 15_000;
const TICKET_KEYS_BYTES = 48;
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');
const GROUPS = 'X25519:P-256:P-384';
/** RFC 9266 §3. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_BYTES = 32;

interface Offer {
  readonly leaf: X509Certificate;
  readonly context: SecureContext;
}

/** One service: its contexts are built once for a certificate, not for a connection. */
export class TlsService {
  readonly #offers: readonly Offer[];
  readonly #timeoutMs: number;

  /** @throws Error of the TLS library for a certificate or key that it cannot use. */
  constructor(service: string, { identities, ticketSecret }: TlsMaterial, timeoutMs = HANDSHAKE_TIMEOUT_MS) {
    this.#offers = identities.map((identity) => offer(service, identity, ticketSecret));
    if (this.#offers.length === 0) throw new Error('TLS without a certificate');
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Sends what was written in clear, then takes the client's handshake; nobody may read the socket meanwhile. Rejects when
   * it fails or is not over in time; the socket is then destroyed.
   */
  handshake(socket: Socket): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        clearTimeout(timer);
        socket.destroy();
        reject(error);
      };
      const timer = setTimeout(() => fail(tlsError('TLS_TIMEOUT')), this.#timeoutMs);
      allSent(socket)
        .then(() => this.#shake(socket))
        .then((secured) => {
          clearTimeout(timer);
          resolve(secured);
        }, fail);
    });
  }

  #shake(socket: Socket): Promise<TLSSocket> {
    if (socket.destroyed) return Promise.reject(tlsError('TLS_BROKEN_OFF'));
    const first = this.#offers[0] as Offer;
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: first.context,
      SNICallback: (name, give) => give(null, (this.#offers.find(({ leaf }) => leaf.checkHost(name)) ?? first).context),
    });
    return new Promise((resolve, reject) => {
      const closed = () => reject(tlsError('TLS_BROKEN_OFF'));
      secured.once('error', reject).once('_tlsError', reject).once('end', closed).once('close', closed);
      secured.once('secure', () => {
        secured.off('error', reject).off('_tlsError', reject).off('end', closed).off('close', closed);
        secured.disableRenegotiation();
        secured.on('_tlsError', () => secured.destroy()); // Node tells a server's own socket only: a broken record ends it.
        resolve(secured);
      });
    });
  }
}

/** A socket's `drain` would not tell: it comes only after more than a high-water mark was written. */
function allSent(socket: Socket): Promise<void> {
  if (socket.writableLength === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    socket.write('', (error) => (error ? reject(error) : resolve()));
  });
}

/** What a connection's TLS amounts to, for gates, trace headers and logs. */
export function securityOf(socket: TLSSocket): Security {
  const { standardName } = socket.getCipher();
  return {
    version: socket.getProtocol() ?? 'TLS',
    cipher: standardName,
    exporter: () => exporterOf(socket),
  };
}

/** Before TLS 1.3 it would need an extension that cannot be asked for here (RFC 9266 §4.2). */
function exporterOf(socket: TLSSocket): Uint8Array | undefined {
  if (socket.getProtocol() !== 'TLSv1.3') return undefined;
  return socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0));
}

function offer(service: string, { certificate, key }: Identity, ticketSecret: string): Offer {
  const leaf = new X509Certificate(certificate);
  const secret = Buffer.from(ticketSecret, 'hex');
  const context = createSecureContext({
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    ecdhCurve: GROUPS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA,
    sessionIdContext: createHash('sha256').update(service).digest('hex').slice(0, 32),
    ticketKeys: Buffer.from(hkdfSync('sha256', secret, leaf.raw, service, TICKET_KEYS_BYTES)),
  });
  return { leaf, context };
}

/** With a code for the log, as the network's own errors have. */
function tlsError(code: string): Error {
  return Object.assign(new Error(`The TLS handshake failed (${code})`), { code });
}
