/**
 * Lines of a message that begin with `From `, which begins a message in an mbox (RFC 4155, appendix A). `mboxrd` puts a `>` before each
 * that has any number of them, and takes one away again: nothing is lost. `mboxo` does so only where there is none yet.
 * Pieces may be cut anywhere; no more than six octets are held.
 */
import { Buffer } from 'node:buffer';
import { LF } from '../bytes/line-ends.js';
import { viewOf } from '../bytes/view.js';

const FROM = Buffer.from('From ');
const GREATER = 0x3e;
const QUOTE = Buffer.from('>');
const NOTHING = Buffer.alloc(0);

/** What becomes of a line with so many `>` before `From `. */
type Rule = (quotes: number) => 'add' | 'take' | 'leave';

const RULES = {
  quote: () => 'add',
  unquote: (quotes) => (quotes > 0 ? 'take' : 'leave'),
  unquoteOne: (quotes) => (quotes === 1 ? 'take' : 'leave'),
} satisfies Record<string, Rule>;

export class FromQuoting {
  readonly #rule: Rule;
  /** The last `>` of a line's beginning, and as much of `From ` as came. */
  #held: Buffer = NOTHING;
  /** Those that were passed on in this line's beginning already. */
  #quotes = 0;
  #atBeginning = true;

  constructor(rule: keyof typeof RULES) {
    this.#rule = RULES[rule];
  }

  /** The pieces that come of it, in memory that is not the caller's to change. */
  pass(piece: Uint8Array): readonly Buffer[] {
    const data = this.#held.length === 0 ? viewOf(piece) : Buffer.concat([this.#held, piece]);
    const made: Buffer[] = [];
    this.#held = NOTHING;
    let done = 0;
    for (let at = 0; at < data.length;) {
      if (!this.#atBeginning) {
        at = this.#restOfLine(data, at);
        continue;
      }
      const begun = this.#beginning(data, at);
      if (begun === undefined) return this.#hold(data, done, at, made);
      done = this.#mend(data, done, begun, made);
      at = begun.from;
    }
    if (done < data.length) made.push(data.subarray(done));
    return made;
  }

  /** The message is over; the next begins with a line. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = NOTHING;
    this.#quotes = 0;
    this.#atBeginning = true;
    return rest;
  }

  #restOfLine(data: Buffer, at: number): number {
    const end = data.indexOf(LF, at);
    this.#atBeginning = end !== -1;
    return end === -1 ? data.length : end + 1;
  }

  /** Where the `>` of a line's beginning end, and what becomes of it; undefined when more must be seen. */
  #beginning(data: Buffer, at: number): { readonly from: number; readonly act: ReturnType<Rule> } | undefined {
    let from = at;
    while (data[from] === GREATER) from += 1;
    const seen = data.subarray(from, from + FROM.length);
    if (seen.length < FROM.length && from + seen.length === data.length && FROM.indexOf(seen) === 0) return undefined;
    const quotes = this.#quotes + from - at;
    this.#quotes = 0;
    this.#atBeginning = false;
    return { from, act: seen.equals(FROM) ? this.#rule(quotes) : 'leave' };
  }

  #mend(data: Buffer, done: number, { from, act }: { from: number; act: ReturnType<Rule> }, made: Buffer[]): number {
    if (act === 'leave') return done;
    made.push(data.subarray(done, act === 'take' ? from - 1 : from));
    if (act === 'add') made.push(QUOTE);
    return from;
  }

  /** All but the last `>` of the run may go. */
  #hold(data: Buffer, done: number, at: number, made: Buffer[]): readonly Buffer[] {
    let from = at;
    while (data[from] === GREATER) from += 1;
    const keep = Math.max(at, from - 1);
    this.#quotes += keep - at;
    if (keep > done) made.push(data.subarray(done, keep));
    this.#held = Buffer.from(data.subarray(keep));
    return made;
  }
}
