/**
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677) from the client's side: the password is never sent, and a server that
 * does not know its keys is found out. PLUS ties the login to the TLS connection by tls-exporter (RFC 9266), which TLS 1.3 has.
 */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { saslprep } from '../../auth/saslprep.js';
import { SCRAM_ITERATIONS_LIMIT } from './limits.js';
import type { ClientExchange, ClientMechanism } from './mechanism.js';
import type { Credentials } from './next-hop.js';

type Password = Extract<Credentials, { kind: 'password' }>;

const DIGEST = 'sha256';
const KEY_BYTES = 32;
const NONCE_BYTES = 18;
/** RFC 7677 §4. */
const ITERATIONS_LEAST = 4096;
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const SERVER_FIRST = /^r=([!-+\--~]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,8})(?:,.*)?$/;
const hashPassword = promisify(pbkdf2);

export const scramSha256: ClientMechanism<Password> = {
  name: 'SCRAM-SHA-256',
  proves: 'password',
  begin: (credentials) => new ScramExchange(credentials, 'n,,', Buffer.alloc(0)),
};

export const scramSha256Plus: ClientMechanism<Password> = {
  name: 'SCRAM-SHA-256-PLUS',
  proves: 'password',
  binds: ({ tls }) => tls?.getProtocol() === 'TLSv1.3',
  begin(credentials, { tls }) {
    const binding = tls?.exportKeyingMaterial(KEY_BYTES, EXPORTER_LABEL, Buffer.alloc(0));
    return new ScramExchange(credentials, 'p=tls-exporter,,', binding ?? Buffer.alloc(0));
  },
};

class ScramExchange implements ClientExchange {
  readonly initial: Buffer;
  readonly #credentials: Password;
  readonly #nonce = randomBytes(NONCE_BYTES).toString('base64');
  readonly #bare: string;
  readonly #channelBinding: string;
  /** What proves that the server knows the keys; known once the client has proved itself. */
  #expected: Buffer | undefined;
  #isMutual = false;
  detail: string | undefined;

  constructor(credentials: Password, header: string, binding: Uint8Array) {
    this.#credentials = credentials;
    this.#bare = `n=${escaped(prepared(credentials.user))},r=${this.#nonce}`;
    this.#channelBinding = Buffer.concat([Buffer.from(header), binding]).toString('base64');
    this.initial = Buffer.from(header + this.#bare);
  }

  get objection(): string | undefined {
    return this.#isMutual ? undefined : 'the server has not proved that it knows the password';
  }

  respond(challenge: Buffer): Promise<Buffer | undefined> {
    const text = challenge.toString();
    return this.#expected === undefined ? this.#prove(text) : Promise.resolve(this.#judge(text, this.#expected));
  }

  async #prove(serverFirst: string): Promise<Buffer | undefined> {
    const [, nonce = '', salt = '', count = '0'] = SERVER_FIRST.exec(serverFirst) ?? [];
    const iterations = Number(count);
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce)
      return this.#object('the server broke the rules of SCRAM');
    if (iterations < ITERATIONS_LEAST || iterations > SCRAM_ITERATIONS_LIMIT)
      return this.#object(
        `the server wants ${iterations} iterations of SCRAM, where ${ITERATIONS_LEAST} to ${SCRAM_ITERATIONS_LIMIT} are sound`,
      );
    const password = prepared(this.#credentials.password);
    const salted = await hashPassword(password, Buffer.from(salt, 'base64'), iterations, KEY_BYTES, DIGEST);
    const withoutProof = `c=${this.#channelBinding},r=${nonce}`;
    const signed = `${this.#bare},${serverFirst},${withoutProof}`;
    const clientKey = mac(salted, 'Client Key');
    const signature = mac(createHash(DIGEST).update(clientKey).digest(), signed);
    this.#expected = mac(mac(salted, 'Server Key'), signed);
    const proof = Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] as number)));
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  #judge(serverFinal: string, expected: Buffer): Buffer | undefined {
    const signature = Buffer.from(/^v=([A-Za-z0-9+/]+={0,2})(?:,.*)?$/.exec(serverFinal)?.[1] ?? '', 'base64');
    const isProved = signature.length === expected.length && timingSafeEqual(signature, expected);
    if (!isProved) return this.#object('the server does not know the password');
    this.#isMutual = true;
    return Buffer.alloc(0);
  }

  #object(detail: string): undefined {
    this.detail = detail;
  }
}

function mac(key: Buffer, text: string): Buffer {
  return createHmac(DIGEST, key).update(text).digest();
}

/** A name in the syntax of GS2 (RFC 5801 §4, RFC 5802 §5.1). */
export function escaped(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

/** SASLprep (RFC 4013); what it prohibits is sent as it is, and the server may know better. */
function prepared(text: string): string {
  try {
    return saslprep(text, { allowUnassigned: true });
  } catch {
    return text;
  }
}
