/**
 * Cuts a stream of bytes into lines and bodies. Knows no socket: bytes are pushed in, lines and pieces come out,
 * the same ones wherever the stream was cut.
 * Only CRLF ends a line (RFC 5321 §2.3.8): a bare CR or LF stays in the line, for the grammar to refuse.
 */
import { Buffer } from 'node:buffer';
import { CR, LF } from '../bytes/line-ends.js';
import { viewOf } from '../bytes/view.js';

const EMPTY: Buffer = Buffer.alloc(0);
const NUL = 0;

/** `tooLong`: the line passed the limit; it was read to its end and dropped. */
export type Line = { readonly tooLong: false; readonly bytes: Buffer } | { readonly tooLong: true };

const TOO_LONG: Line = { tooLong: true };
/** Of a line that is too long, so much is kept: enough to tell what it was. */
const KEPT_BYTES = 64;

export class Reader {
  readonly #lineLimitBytes: number;
  #bytes: Buffer = EMPTY;
  /** Whether they are a copy. */
  #ours = true;
  /** Where a search for CRLF goes on: everything before is known to hold none. */
  #searched = 0;
  #skipping = false;
  #startOfLong: Buffer = EMPTY;

  constructor(lineLimitBytes: number) {
    this.#lineLimitBytes = lineLimitBytes;
  }

  /** What waits where a line begins; empty inside one that is skipped. */
  get start(): Buffer {
    return this.#skipping ? EMPTY : this.#bytes;
  }

  /**
   * Whether all that waits is a piece of a line with an end that is none: a bare LF, LF CR, or CR NUL, which is the Return of telnet
   * (RFC 854). A CR alone may be the first half of a CRLF.
   */
  get endsInBareNewline(): boolean {
    const [before, last] = [this.#bytes.at(-2), this.#bytes.at(-1)];
    const isNone = last === LF || (last === CR && before === LF) || (last === NUL && before === CR);
    return isNone && !this.hasLine;
  }

  /** How the last line began that was too long. */
  get startOfLong(): Buffer {
    return this.#startOfLong;
  }

  /** How many bytes wait. */
  get waiting(): number {
    return this.#bytes.length;
  }

  /** Looks at bytes that somebody else owns: whoever pushes them calls `keep` before they change. */
  push(bytes: Uint8Array): void {
    const more = Buffer.isBuffer(bytes) ? bytes : viewOf(bytes);
    this.#ours = this.#bytes.length > 0;
    this.#bytes = this.#ours ? Buffer.concat([this.#bytes, more]) : more;
  }

  /** Makes a copy of what still waits of the bytes that were pushed last: mostly nothing. */
  keep(): void {
    if (this.#ours || this.#bytes.length === 0) return;
    const copy = Buffer.allocUnsafeSlow(this.#bytes.length); // Not a slice of a pool, which it would keep alive.
    copy.set(this.#bytes);
    this.#bytes = copy;
    this.#ours = true;
  }

  /** The next complete line without its CRLF, or undefined until more arrives. */
  line(): Line | undefined {
    const end = this.#findEnd();
    if (end === -1) return this.#holdBack();
    const line = this.#bytes.subarray(0, end);
    this.#consume(end + 2);
    return this.#judge(line);
  }

  /** All that waits, as if it were a line: nothing of it is left. */
  drop(): Line {
    return this.#judge(this.take());
  }

  /** Whether a whole line waits: replies are then held, to be written together (RFC 2920 §3.2). */
  get hasLine(): boolean {
    return this.#findEnd() !== -1;
  }

  /** What waits, or so much of it; what does not belong to the body goes back through `unread`. */
  take(limitBytes = Infinity): Buffer {
    const bytes = this.#bytes.subarray(0, limitBytes);
    this.#consume(bytes.length);
    return bytes;
  }

  /** The end of what was taken last; what was left behind it follows it in memory. */
  unread(bytes: Buffer): void {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length + this.#bytes.length);
    this.#searched = 0;
  }

  #judge(bytes: Buffer): Line {
    if (!this.#skipping && bytes.length <= this.#lineLimitBytes) return { tooLong: false, bytes };
    if (!this.#skipping) this.#keepStart(bytes);
    this.#skipping = false;
    return TOO_LONG;
  }

  #keepStart(bytes: Buffer): void {
    this.#startOfLong = Buffer.from(bytes.subarray(0, KEPT_BYTES));
  }

  #findEnd(): number {
    if (this.#bytes.length - this.#searched < 2) return -1;
    let at = this.#bytes.indexOf(LF, this.#searched + 1);
    while (at !== -1 && this.#bytes[at - 1] !== CR) at = this.#bytes.indexOf(LF, at + 1);
    if (at === -1) this.#searched = this.#bytes.length - 1;
    else this.#searched = at - 1;
    return at === -1 ? -1 : at - 1;
  }

  /** An endless line costs no memory: past the limit only its last byte is kept, which may be the CR. */
  #holdBack(): undefined {
    if (this.#bytes.length <= this.#lineLimitBytes + 1) return undefined;
    if (!this.#skipping) this.#keepStart(this.#bytes);
    this.#skipping = true;
    this.#bytes = this.#bytes.subarray(this.#bytes.length - 1);
    this.#searched = 0;
    return undefined;
  }

  #consume(count: number): void {
    this.#bytes = count === this.#bytes.length ? EMPTY : this.#bytes.subarray(count);
    this.#searched = 0;
  }
}
