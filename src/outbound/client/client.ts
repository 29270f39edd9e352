/**
 * The SMTP and LMTP client (RFC 5321, RFC 2033): connects to a next hop, and sends messages over the connection, one at a time. Knows
 * no queue, chooses no next hop, and tries nothing twice, except that TLS which is only better than nothing is left out where
 * it fails.
 */
import type { SecureContext } from 'node:tls';
import type { Source } from '../../store/source.js';
import type { Client, Connection } from './connection.js';
import type { OutboundEnvelope } from './envelope.js';
import { DEADLINES, type Deadlines } from './limits.js';
import type { NextHop } from './next-hop.js';
import type { NotConnected, Remote, SendResult } from './outcome.js';
import { open } from './opening.js';
import { broken } from './reply.js';
import type { Session } from './session.js';
import { trust } from './tls.js';
import { Transaction } from './transaction.js';

export interface ClientOptions {
  /** Our own name, for EHLO: a domain or an address literal. */
  readonly name: string;
  /** Certificates, in PEM, of those who may sign a server's besides the public ones. */
  readonly certificateAuthorities?: readonly string[];
  readonly deadlines?: Partial<Deadlines>;
}

export class SmtpClient implements Client {
  readonly #name: string;
  readonly #deadlines: Deadlines;
  readonly #trusted: SecureContext;

  constructor({ name, certificateAuthorities, deadlines }: ClientOptions) {
    this.#name = name;
    this.#deadlines = { ...DEADLINES, ...deadlines };
    this.#trusted = trust(certificateAuthorities);
  }

  async connect(nextHop: NextHop, signal?: AbortSignal): Promise<Connection | NotConnected> {
    const options = { name: this.#name, deadlines: this.#deadlines, trusted: this.#trusted, signal };
    const opened = await open(nextHop, options);
    const isWithout = nextHop.tls === 'opportunistic' && 'kind' in opened && opened.command === 'TLS';
    const session = isWithout ? await open(nextHop, { ...options, isWithoutTls: true }) : opened;
    return 'kind' in session ? session : new SmtpConnection(session);
  }
}

class SmtpConnection implements Connection {
  readonly kind = 'connected';
  readonly #session: Session;
  #needsReset = false;
  #isUsed = false;
  #transaction: Transaction | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  get remote(): Remote {
    return this.#session.remote;
  }

  get reusable(): boolean {
    return this.#session.dialogue.broken === undefined;
  }

  get awaitsEnd(): boolean {
    return this.#transaction?.awaitsEnd ?? false;
  }

  async send(envelope: OutboundEnvelope, source: Source): Promise<SendResult> {
    const transaction = new Transaction(this.#session, envelope);
    this.#transaction = transaction;
    const { needsReset, brokenAtOnce, ...rest } = await transaction
      .run(source, this.#needsReset)
      .finally(() => source.close());
    this.#needsReset = needsReset;
    const stale = this.#isUsed && brokenAtOnce;
    this.#isUsed = true;
    return { ...rest, stale, reusable: this.reusable, relaysDsn: this.#session.extensions.has('DSN') };
  }

  quit(): Promise<void> {
    return this.#session.dialogue.end('QUIT');
  }

  destroy(): void {
    this.#session.dialogue.break(broken('4.3.2', 'the connection was given up from this side'));
  }
}
