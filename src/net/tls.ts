/**
 * The TLS of one service (RFC 8446, RFC 5246 §1.2; choices of RFC 9325): which certificate for which name, and the handshake.
 * Versions below 1.2, ciphers without forward secrecy and renegotiation are never offered, but for the first two where a service says so. A session ticket of one service
 * means nothing to another: its keys follow from the service's name. A handshake that fails, or takes too long, costs its connection.
 */
import { X509Certificate, constants, createHash, hkdfSync } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  TLSSocket,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions as TlsServerOptions,
} from 'node:tls';
import type { Security } from '../session/channel.js';
import { channelBindings } from './channel-binding.js';

/** A certificate chain and its key, as PEM. */
export interface CertifiedKey {
  readonly certificate: string;
  readonly key: string;
}

/** What the processes of one server share, so that a ticket of one worker is good at the others. */
export interface TlsMaterial {
  /** The first answers clients that name no server, or one that nobody has. */
  readonly keys: readonly CertifiedKey[];
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

const CURRENT: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  ciphers: CIPHERS,
  honorCipherOrder: true,
  ecdhCurve: GROUPS,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA,
};
/** The level is OpenSSL's: at 0 it takes the hashes and key sizes of TLS 1.0 too. */
const LEGACY: SecureContextOptions = {
  ...CURRENT,
  minVersion: 'TLSv1',
  ciphers: 'DEFAULT@SECLEVEL=0',
};

interface Offer {
  readonly leaf: X509Certificate;
  readonly context: SecureContext;
}

/** What a service may offer besides. */
export interface TlsOptions {
  readonly timeoutMs?: number;
  /** Every version and cipher that the library has, back to TLS 1.0: for machines that know no better, on a port of their own. */
  readonly legacy?: boolean;
}

/** One service: its contexts are built once for a certificate, not for a connection. */
export class TlsService {
  readonly #keys: readonly CertifiedKey[];
  readonly #settings: SecureContextOptions;
  readonly #offers: readonly Offer[];
  readonly #timeoutMs: number;

  /** @throws Error of the TLS library for a certificate or key that it cannot use. */
  constructor(
    service: string,
    { keys, ticketSecret }: TlsMaterial,
    { timeoutMs = HANDSHAKE_TIMEOUT_MS, legacy = false }: TlsOptions = {},
  ) {
    const ticketKeys = ticketKeysOf(service, keys, ticketSecret);
    this.#keys = keys;
    this.#settings = { ...(legacy ? LEGACY : CURRENT), ...sharedBy(service, ticketKeys) };
    this.#offers = keys.map((key) => offer(key, this.#settings));
    if (this.#offers.length === 0) throw new Error('TLS without a certificate');
    this.#timeoutMs = timeoutMs;
  }

  /** For a server of Node's own that shakes hands for itself, such as one for HTTPS; other names than the first ask `contextFor`. */
  get serverOptions(): TlsServerOptions {
    const [first] = this.#keys as readonly [CertifiedKey]; // Without one there is no service.
    return { ...this.#settings, cert: first.certificate, key: first.key, handshakeTimeout: this.#timeoutMs };
  }

  contextFor(name: string): SecureContext {
    const [first] = this.#offers as readonly [Offer];
    return (this.#offers.find(({ leaf }) => leaf.checkHost(name)) ?? first).context;
  }

  /** What the TLS of a connection that this service has shaken hands with amounts to, for gates, trace headers and logs. */
  securityOf(socket: TLSSocket): Security {
    const served = this.#offers.map(({ leaf }) => leaf.raw);
    return {
      version: socket.getProtocol() ?? 'TLS',
      cipher: socket.getCipher().standardName,
      channelBindings: (type) => channelBindings(socket, type, served),
    };
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
      SNICallback: (name, give) => give(null, this.contextFor(name)),
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

/**
 * One for all certificates of a service, because OpenSSL asks the first for the keys of each, and another one when any of them is
 * renewed: a client that resumed a session would bind its login to a certificate that is not served any more.
 */
function ticketKeysOf(service: string, keys: readonly CertifiedKey[], ticketSecret: string): Buffer {
  const leaves = createHash('sha256');
  for (const { certificate } of keys) leaves.update(new X509Certificate(certificate).raw);
  const secret = Buffer.from(ticketSecret, 'hex');
  return Buffer.from(hkdfSync('sha256', secret, leaves.digest(), service, TICKET_KEYS_BYTES));
}

function sharedBy(service: string, ticketKeys: Buffer): SecureContextOptions {
  return { sessionIdContext: createHash('sha256').update(service).digest('hex').slice(0, 32), ticketKeys };
}

function offer({ certificate, key }: CertifiedKey, options: SecureContextOptions): Offer {
  const leaf = new X509Certificate(certificate);
  return { leaf, context: createSecureContext({ ...options, cert: certificate, key }) };
}

/** With a code for the log, as the network's own errors have. */
function tlsError(code: string): Error {
  return Object.assign(new Error(`The TLS handshake failed (${code})`), { code });
}
