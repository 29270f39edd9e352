/** A SCRAM-SHA-256 client (RFC 5802 §3, RFC 7677), for tests that must see and change each of its messages. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

export interface ScramClientOptions {
  readonly name: string;
  readonly password: string;
  /** gs2-header; `n,,` unless told. */
  readonly header?: string;
  /** What is bound to: follows the header in `c=`. */
  readonly binding?: Uint8Array;
  readonly nonce?: string;
}

export class ScramClient {
  readonly #options: ScramClientOptions;
  readonly #bare: string;
  #signed = '';
  #salted: Buffer = Buffer.alloc(0);

  constructor(options: ScramClientOptions) {
    this.#options = options;
    const name = options.name.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#bare = `n=${name},r=${options.nonce ?? randomBytes(18).toString('base64')}`;
  }

  get first(): Buffer {
    return Buffer.from(this.#header + this.#bare);
  }

  /** What answers the server's first message. */
  final(serverFirst: Buffer): Buffer {
    const [, nonce = '', salt = '', iterations = ''] =
      /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst.toString()) ?? [];
    const input = Buffer.concat([Buffer.from(this.#header), this.#options.binding ?? Buffer.alloc(0)]);
    const withoutProof = `c=${input.toString('base64')},r=${nonce}`;
    this.#signed = `${this.#bare},${serverFirst.toString()},${withoutProof}`;
    this.#salted = pbkdf2Sync(this.#options.password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
    const clientKey = mac(this.#salted, 'Client Key');
    const signature = mac(createHash('sha256').update(clientKey).digest(), this.#signed);
    const proof = clientKey.map((octet, at) => octet ^ (signature[at] as number));
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`);
  }

  /** The server's final message, if it has this password's keys. */
  get expected(): string {
    return `v=${mac(mac(this.#salted, 'Server Key'), this.#signed).toString('base64')}`;
  }

  get #header(): string {
    return this.#options.header ?? 'n,,';
  }
}

function mac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
