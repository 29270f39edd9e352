/** Plays a dialogue through the real sessions, the real tables and a real store: whole, or with what the client says cut. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { pop3 } from '../../src/pop3/protocol.js';
import type { SessionContext } from '../../src/session/protocol.js';
import type { Protocol } from '../../src/session/protocol.js';
import type { State } from '../../src/session/command.js';
import { Session } from '../../src/session/session.js';
import { lmtp, mx as smtp, submission } from '../../src/smtp/protocol.js';
import { stages } from '../../src/smtp/stages.js';
import { MemoryChannel, memorySecurity, peerAt, turn } from './dialogue-channel.js';
import { DOMAIN, type Stage } from './dialogue-stage.js';
import type { Dialogue, Given, Step, Test } from './dialogue.js';
import { authenticatorOf } from './authenticator.js';

const MAX_MESSAGE_SIZE = 50 * 1024 * 1024;
/** Up to this a payload is cut at every byte; a longer one at as many bytes of its beginning and end, and some between. */
const CUT_EVERYWHERE_BYTES = 600;
const CUTS_AT_EACH_END = 40;
const CUTS_BETWEEN = 25;
const TRACE = /^Return-Path: [^\r]*\r\nDelivered-To: [^\r]*\r\nReceived: [^\r]*(?:\r\n\t[^\r]*)*\r\n/;
const FIELD = /^[!-9;-~]+[ \t]*:/;

/** How a payload is delivered: in these pieces, a turn of the event loop between. */
export type Cutting = (payload: Buffer) => readonly Buffer[];

export const whole: Cutting = (payload) => [payload];
export const everyByte: Cutting = (payload) => Array.from(payload, (_, at) => payload.subarray(at, at + 1));

export function cutAt(position: number): Cutting {
  return (payload) =>
    position < payload.length ? [payload.subarray(0, position), payload.subarray(position)] : [payload];
}

/** Every position at which some payload of the dialogue is to be cut in two. */
export function cutPositions({ steps }: Dialogue): readonly number[] {
  const positions = new Set<number>();
  for (const step of steps)
    if (step.kind === 'send') for (const at of positionsIn(step.bytes.length)) positions.add(at);
  return [...positions].sort((a, b) => a - b);
}

export function longestPayload({ steps }: Dialogue): number {
  return Math.max(...steps.map((step) => (step.kind === 'send' ? step.bytes.length : 0)));
}

function positionsIn(length: number): readonly number[] {
  const all = Array.from({ length: Math.max(length - 1, 0) }, (_, at) => at + 1);
  if (length <= CUT_EVERYWHERE_BYTES) return all;
  const stride = Math.floor(length / CUTS_BETWEEN);
  return all.filter((at) => at <= CUTS_AT_EACH_END || length - at <= CUTS_AT_EACH_END || at % stride === 0);
}

/** @throws AssertionError that names the line of the file and how the payloads were cut. */
export async function play(dialogue: Dialogue, stage: Stage, cutting: Cutting, how: string): Promise<void> {
  const player = new Player(dialogue, stage, cutting);
  let at: Step | undefined;
  try {
    for (const step of dialogue.steps) {
      at = step;
      await player.take(step);
    }
    await player.finish();
  } catch (error) {
    player.abandon();
    if (error instanceof Error) error.message = `${dialogue.name}.txt:${at?.line ?? 0} (${how}): ${error.message}`;
    throw error;
  }
}

class Player {
  readonly #dialogue: Dialogue;
  readonly #stage: Stage;
  readonly #cutting: Cutting;
  readonly #channels = new Map<number, MemoryChannel>();
  readonly #bugs: unknown[] = [];
  #ended = 0;

  constructor(dialogue: Dialogue, stage: Stage, cutting: Cutting) {
    this.#dialogue = dialogue;
    this.#stage = stage;
    this.#cutting = cutting;
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'send':
        return this.#send(this.#channel(step.session), step.bytes);
      case 'drop':
        return this.#drop(this.#channel(step.session));
      case 'handshake':
        this.#channel(step.session).handshake();
        return turn();
      case 'half-close':
        return this.#channel(step.session).halfClose();
      case 'expect': {
        const line = await this.#channel(step.session).line();
        if (line === undefined || !step.pattern.test(line))
          expect(line && Buffer.from(line, 'latin1').toString()).to.equal(step.text);
        return;
      }
      case 'expect bytes': {
        const bytes = await this.#channel(step.session).bytes(step.bytes.length);
        expect(bytes.toString('latin1')).to.equal(step.bytes.toString('latin1'));
        return;
      }
      case 'expect close': {
        const channel = this.#channel(step.session);
        expect(await channel.closed(), 'the server closes').to.equal(true);
        expect(channel.said, 'nothing more before the close').to.equal('');
        return;
      }
      case 'count':
        expect(this.#stage.messages(step.name)).to.have.length(step.messages);
        return;
      case 'message':
        return check(this.#stage.messages(step.name)[step.number - 1], step.test);
    }
  }

  /** Nothing is left unsaid, nobody was surprised, and every session has ended once. */
  async finish(): Promise<void> {
    await turn();
    for (const [number, channel] of this.#channels)
      expect(channel.said, `more was said in session ${number}`).to.equal('');
    this.abandon();
    await turn();
    expect(this.#bugs, 'bugs').to.deep.equal([]);
    expect(this.#ended, 'sessions that ended').to.equal(this.#channels.size);
  }

  abandon(): void {
    for (const channel of this.#channels.values()) channel.drop();
  }

  async #send(channel: MemoryChannel, payload: Buffer): Promise<void> {
    for (const [at, piece] of this.#cutting(payload).entries()) {
      if (at > 0) await turn();
      channel.send(piece);
    }
  }

  #drop(channel: MemoryChannel): void {
    expect(channel.said, 'said before the client closed').to.equal('');
    channel.drop();
  }

  #channel(number: number): MemoryChannel {
    const known = this.#channels.get(number);
    if (known !== undefined) return known;
    const { givens, protocol } = this.#dialogue;
    const local = find(givens, 'local address')?.address;
    const peer = peerAt(find(givens, 'peer')?.address ?? '127.0.0.1', local);
    const secured = find(givens, 'under TLS') !== undefined;
    const channel = new MemoryChannel(secured ? { ...peer, security: memorySecurity } : peer);
    this.#channels.set(number, channel);
    const context = this.#context(channel, `s${number}`);
    if (protocol === 'smtp') this.#begin(this.#smtp, channel, context);
    else this.#begin(pop3, channel, context);
    return channel;
  }

  get #smtp() {
    const { givens } = this.#dialogue;
    if (find(givens, 'lmtp') !== undefined) return lmtp;
    const name = find(givens, 'logged in')?.name;
    if (name === undefined) return find(givens, 'submission') === undefined ? smtp : submission;
    const hello = { name: 'client.example', extended: true, login: this.#stage.login(name) };
    return { ...submission, initial: { at: 'greeted', hello } as const };
  }

  #context({ peer }: MemoryChannel, session: string) {
    const { store } = this.#stage;
    let messages = 0;
    return {
      ...{ peer, session, protocol: 'dialogue' },
      offersTls: find(this.#dialogue.givens, 'TLS') !== undefined,
      isFront: find(this.#dialogue.givens, 'front') !== undefined,
      counters: { accepted: 0, refused: 0, octets: 0, retrieved: 0, removed: 0 },
      settings: {
        hostname: `mx.${DOMAIN}`,
        domain: DOMAIN,
        bareNewlines: 'refuse' as const,
        loginDelay: 0,
        outbound: find(this.#dialogue.givens, 'outbound mail') === undefined ? ('off' as const) : ('relay' as const),
        queueLifetime: 86_400_000,
        maxRecipientsPerHour: find(this.#dialogue.givens, 'recipients an hour')?.recipients,
        maxRecipientsPerDay: undefined,
        delayWarning: 0,
        maxMessageSize: find(this.#dialogue.givens, 'largest message')?.octets ?? MAX_MESSAGE_SIZE,
      },
      store,
      autoreplies: store.autoreplies,
      suppressions: store.queuedMail,
      routes: store.routes,
      authenticator: authenticatorOf(store),
      observer: {
        overLimit: () => undefined,
        suppressed: () => undefined,
        untold: () => undefined,
        unanswered: () => undefined,
      },
      table: (this.#dialogue.protocol === 'smtp' ? this.#smtp.commands : pop3.commands) as never,
      stages,
      nextId: () => `${session}-${++messages}`,
    };
  }

  #begin<S extends State, C extends SessionContext, Need extends string>(
    protocol: Protocol<S, C, Need>,
    channel: MemoryChannel,
    context: C,
  ): void {
    const limits = { ...protocol.limits, errorDelayMs: 0 };
    new Session({ ...protocol, limits }, channel, context, {
      bug: (error) => this.#bugs.push(error),
      ended: () => (this.#ended += 1),
    }).start();
  }
}

/** What the client sent: without the trace headers, and without the empty line behind them that text has which has no header. */
function behindTrace(message: string, sent: string): string {
  const behind = message.replace(TRACE, '');
  return behind === `\r\n${sent}` && !FIELD.test(sent) ? sent : behind;
}

function check(message: Buffer | undefined, { how, bytes }: Test): void {
  const text = message?.toString('latin1') ?? '(no such message)';
  const part = bytes.toString('latin1');
  if (how === 'is') {
    expect(text, 'the trace headers').to.match(TRACE);
    expect(behindTrace(text, part)).to.equal(part);
  } else if (how === 'begins with') expect(text.slice(0, part.length)).to.equal(part);
  else if (how === 'ends with') expect(text.slice(-part.length)).to.equal(part);
  else if (how === 'contains') expect(text).to.contain(part);
  else expect(text).to.not.contain(part);
}

function find<K extends Given['kind']>(givens: readonly Given[], kind: K): Extract<Given, { kind: K }> | undefined {
  return givens.find((given): given is Extract<Given, { kind: K }> => given.kind === kind);
}
