/**
 * From a socket to where messages may be sent: greeting, EHLO or LHLO, TLS as the next hop wants it, and a login. What was
 * announced in clear is forgotten once there is TLS (RFC 3207 §4.2). A step that fails ends the connection.
 */
import type { SecureContext, TLSSocket } from 'node:tls';
import { dial } from './dial.js';
import { Dialogue } from './dialogue.js';
import { Extensions } from './extensions.js';
import type { Deadlines } from './limits.js';
import { logIn } from './login.js';
import { nameOfEndpoint, type NextHop } from './next-hop.js';
import type { Command, NotConnected } from './outcome.js';
import { broken, isPositive, type Answer } from './reply.js';
import { finding, refusal, type Session, type Step } from './session.js';
import { handshake } from './tls.js';

export interface OpeningOptions {
  /** What EHLO says. */
  readonly name: string;
  readonly deadlines: Deadlines;
  readonly trusted: SecureContext;
  readonly signal: AbortSignal | undefined;
  /** Where TLS is only better than nothing, and has failed. */
  readonly isWithoutTls?: boolean;
}

const READY = 220;

/** The session, or why there is none; its connection is then over. */
export async function open(nextHop: NextHop, options: OpeningOptions): Promise<Session | NotConnected> {
  const dialled = await dial(nextHop, { deadlineMs: options.deadlines.connectMs, signal: options.signal });
  if (dialled.kind !== 'dialled') return dialled;
  const dialogue = new Dialogue(dialled.socket);
  const abort = () => dialogue.break(broken('4.3.2', 'the connection was given up from this side'));
  options.signal?.addEventListener('abort', abort, { once: true });
  const opening = new Opening(dialogue, { ...options, nextHop, remote: dialled.remote });
  const failure = await opening.run();
  options.signal?.removeEventListener('abort', abort);
  if (failure === undefined) return opening.session;
  void dialogue.end('QUIT');
  return failure;
}

class Opening {
  readonly #options: OpeningOptions;
  session: Session;

  constructor(
    dialogue: Dialogue,
    { nextHop, remote, ...options }: OpeningOptions & Pick<Session, 'nextHop' | 'remote'>,
  ) {
    this.#options = options;
    const { deadlines } = options;
    this.session = { dialogue, nextHop, remote, deadlines, extensions: new Extensions(), verified: false };
  }

  /** Undefined when the session is open. */
  async run(): Promise<NotConnected | undefined> {
    const { nextHop } = this.session;
    if (nextHop.tls === 'implicit') {
      const failure = await this.#handshake();
      if (failure !== undefined) return failure;
    }
    const failure = (await this.#greeting()) ?? (await this.#hello()) ?? (await this.#startTls());
    if (failure !== undefined || nextHop.credentials === undefined) return failure;
    return logIn(this.session, nextHop.credentials);
  }

  /** Counted from the connection on. */
  async #greeting(): Promise<NotConnected | undefined> {
    const greeting = await this.session.dialogue.expect(this.session.deadlines.greetingMs);
    return isReady(greeting) ? undefined : this.#refusal('greeting', greeting);
  }

  /** Who knows no EHLO may know HELO (RFC 5321 §3.2). */
  async #hello(): Promise<NotConnected | undefined> {
    const command = this.session.nextHop.protocol === 'lmtp' ? 'LHLO' : 'EHLO';
    const answer = await this.#ask(`${command} ${this.#options.name}`);
    if (answer.kind === 'reply' && isPositive(answer)) {
      this.session = { ...this.session, extensions: new Extensions(answer) };
      return undefined;
    }
    const knowsNone = answer.kind === 'reply' && answer.code >= 500 && command === 'EHLO';
    if (!knowsNone) return this.#refusal(command, answer);
    const plain = await this.#ask(`HELO ${this.#options.name}`);
    return plain.kind === 'reply' && isPositive(plain) ? undefined : this.#refusal('HELO', plain);
  }

  async #startTls(): Promise<NotConnected | undefined> {
    const { tls } = this.session.nextHop;
    if (tls === 'none' || tls === 'implicit' || this.#options.isWithoutTls === true) return undefined;
    if (!this.session.extensions.has('STARTTLS')) return tls === 'required' ? this.#notOffered() : undefined;
    const { dialogue, deadlines } = this.session;
    const answer = await dialogue.ask('STARTTLS', deadlines.commandMs, READY);
    if (isReady(answer)) return (await this.#handshake()) ?? this.#hello();
    if (tls === 'opportunistic' && answer.kind === 'reply' && dialogue.broken === undefined) return undefined;
    return { ...this.#refusal('STARTTLS', answer), kind: 'deferred' };
  }

  #notOffered(): NotConnected {
    return finding(
      this.#step('STARTTLS'),
      '4.7.4',
      'the server does not offer STARTTLS, and TLS is wanted here; ?tls=none in its URL does without',
    );
  }

  async #handshake(): Promise<NotConnected | undefined> {
    const { dialogue, nextHop, remote, deadlines } = this.session;
    const mustVerify = nextHop.tls !== 'opportunistic';
    const name = nextHop.tlsName ?? nameOfEndpoint(nextHop.endpoint);
    const context = this.#options.trusted;
    const secured = await handshake(dialogue, { context, name, mustVerify, deadlineMs: deadlines.tlsMs });
    if (typeof secured === 'string') return finding(this.#step('TLS'), '4.7.5', secured);
    this.session = { ...this.session, remote: { ...remote, tls: versionOf(secured) }, verified: secured.authorized };
    return undefined;
  }

  #ask(line: string): Promise<Answer> {
    return this.session.dialogue.ask(line, this.session.deadlines.commandMs);
  }

  #refusal(command: Command, answer: Answer): NotConnected {
    return refusal(this.#step(command), answer);
  }

  #step(command: Command): Step {
    return { command, concerns: 'connection', remote: this.session.remote };
  }
}

function isReady(answer: Answer): boolean {
  return answer.kind === 'reply' && answer.code === READY;
}

function versionOf(secured: TLSSocket): string {
  return secured.getProtocol() ?? 'TLS';
}
