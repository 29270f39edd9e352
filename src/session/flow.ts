/**
 * A session's side of its connection: what was read and waits, what is said, and when neither goes on. Nothing is answered
 * while output is behind or others have their turn; meanwhile the connection is read only up to a mark.
 * TLS makes all of it anew: nothing that was read in clear is there afterwards (RFC 3207 §4.2).
 */
import type { Buffer } from 'node:buffer';
import type { Channel, Receiver } from './channel.js';
import type { SessionLimits } from './limits.js';
import { Output } from './output.js';
import { Reader } from './reader.js';
import { Turn, type Turns } from './turns.js';

/** What goes on when it may. */
export interface Resumed {
  /** The session's turn has come. */
  turnCame(): void;
  /** The disk has given what the client waits for. */
  pieceCame(): void;
}

export class Flow {
  readonly turn: Turn;
  readonly #limits: SessionLimits;
  readonly #resumed: Resumed;
  #receiver: Receiver | undefined;
  #channel: Channel;
  #reader: Reader;
  #output: Output;
  #isPaused = false;

  constructor(channel: Channel, limits: SessionLimits, turns: Turns, resumed: Resumed) {
    this.#limits = limits;
    this.#resumed = resumed;
    this.turn = new Turn(turns, () => resumed.turnCame());
    this.#channel = channel;
    this.#reader = new Reader(limits.lineLimitBytes);
    this.#output = new Output(channel, this.turn, () => resumed.pieceCame());
  }

  get channel(): Channel {
    return this.#channel;
  }

  get reader(): Reader {
    return this.#reader;
  }

  get output(): Output {
    return this.#output;
  }

  /** Nothing may be answered now: the client has not taken what was said, or others have their turn. */
  get isHeld(): boolean {
    return this.#output.busy || this.turn.isQueued;
  }

  /** What came is not read as yet: it has to wait for its turn, or for room. */
  get isBehind(): boolean {
    return this.turn.isQueued || this.#isPaused;
  }

  open(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#channel.open(receiver);
  }

  /** What the handshake of TLS led to; it is to be opened, and nobody has paused it. */
  replace(channel: Channel): void {
    this.#channel = channel;
    this.#isPaused = false;
    this.#reader = new Reader(this.#limits.lineLimitBytes);
    this.#output = new Output(channel, this.turn, () => this.#resumed.pieceCame());
  }

  reopen(): void {
    if (this.#receiver !== undefined) this.#channel.open(this.#receiver);
  }

  /** While what came waits: of who has used its share nothing more is wanted, otherwise some. */
  pauseWhenFull(isWaiting: boolean): void {
    if (this.#isPaused || !(isWaiting || this.isHeld)) return;
    const most = this.turn.isSpent ? 1 : this.#limits.inputHighWaterBytes;
    if (this.#reader.waiting < most) return;
    this.#isPaused = true;
    this.#channel.pause();
  }

  /** What waits, though nothing of it is handled yet; what comes is to be known, too. */
  lookAhead(): Buffer {
    if (this.#isPaused && this.#reader.waiting === 0) {
      this.#isPaused = false;
      this.#channel.resume();
    }
    return this.#reader.start;
  }

  resumeWhenIdle(isWaiting: boolean): void {
    if (!this.#isPaused || isWaiting || this.isHeld) return;
    this.#isPaused = false;
    this.#channel.resume();
  }
}
