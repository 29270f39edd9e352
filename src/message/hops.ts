/**
 * Counts the Received fields of a message while it passes (RFC 5321 §6.3): a message that has been through
 * too many servers is going round in a circle. Looks at the header section only, byte by byte, and keeps nothing of a line but
 * how far it agrees with the name.
 */
import { Buffer } from 'node:buffer';

/** More Received fields than this mean a loop; RFC 5321 §6.3 asks for at least 100. */
export const HOP_LIMIT = 100;

const NAME = Buffer.from('received:');
const CAPITALS = Buffer.from('RECEIVED:');
const LF = 10;
const CR = 13;

export class HopCount {
  #received = 0;
  /** Octets of the line so far. */
  #length = 0;
  /** How many of them agree with the name; all that agree stand at the beginning. */
  #agreeing = 0;
  /** The line may be the empty one: nothing, or a CR first. */
  #mayEnd = true;
  #inHeader = true;

  get received(): number {
    return this.#received;
  }

  look(piece: Uint8Array): void {
    for (let at = 0; this.#inHeader && at < piece.length; at++) {
      const byte = piece[at] as number;
      if (byte === LF) this.#endLine();
      else this.#see(byte);
    }
  }

  #see(byte: number): void {
    if (this.#length === this.#agreeing && this.#agreeing < NAME.length) this.#agree(byte);
    if (this.#length === 0) this.#mayEnd = byte === CR;
    this.#length += 1;
  }

  #agree(byte: number): void {
    if (byte === NAME[this.#agreeing] || byte === CAPITALS[this.#agreeing]) this.#agreeing += 1;
  }

  #endLine(): void {
    if (this.#agreeing === NAME.length) this.#received += 1;
    this.#inHeader = this.#length > 0 && !this.#mayEnd;
    this.#length = 0;
    this.#agreeing = 0;
  }
}
