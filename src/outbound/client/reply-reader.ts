/**
 * Replies out of the octets of a connection (RFC 5321 §4.2.1), cut anywhere. Lines end with LF; a CR before it belongs to the
 * end. Keeps no more than one line and one reply, each within its limit: above it, and for what is no reply, there is nothing
 * to go on with.
 *
 *   Reply = *( code "-" [ text ] LF ) code [ SP [ text ] ] LF
 */
import { Buffer } from 'node:buffer';
import { CR, LF } from '../../bytes/line-ends.js';
import { REPLY_LINE_LIMIT_BYTES, REPLY_LINES_LIMIT } from './limits.js';
import { replyOf, type Reply } from './reply.js';
import type { Secrets } from './secrets.js';

const LINE = /^([2-5][0-9]{2})(?:([ -])([^]*))?$/;
const NOTHING = Buffer.alloc(0);

/** A sentence for people. */
export type Violation = string;

export class ReplyReader {
  /** Of a line whose end has not come. */
  #begun: Buffer = NOTHING;
  #lines: string[] = [];
  readonly #secrets: Secrets | undefined;

  /** `secrets`: what no text of a reply shows. */
  constructor(secrets?: Secrets) {
    this.#secrets = secrets;
  }

  /** Gives each reply that is complete; returns what is wrong with what came, after which nothing more may be read. */
  receive(bytes: Buffer, give: (reply: Reply) => void): Violation | undefined {
    let from = 0;
    for (let end = bytes.indexOf(LF); end !== -1; from = end + 1, end = bytes.indexOf(LF, from)) {
      const violation = this.#line(this.#whole(bytes.subarray(from, end)), give);
      if (violation !== undefined) return violation;
    }
    if (from === bytes.length) return undefined;
    if (this.#begun.length + bytes.length - from > REPLY_LINE_LIMIT_BYTES) return tooLong;
    this.#begun = Buffer.concat([this.#begun, bytes.subarray(from)]);
    return undefined;
  }

  #whole(end: Buffer): Buffer {
    if (this.#begun.length === 0) return end;
    const line = Buffer.concat([this.#begun, end]);
    this.#begun = NOTHING;
    return line;
  }

  #line(line: Buffer, give: (reply: Reply) => void): Violation | undefined {
    if (line.length > REPLY_LINE_LIMIT_BYTES) return tooLong;
    const length = line[line.length - 1] === CR ? line.length - 1 : line.length;
    const [, code, separator, text = ''] = LINE.exec(line.toString('latin1', 0, length)) ?? [];
    if (code === undefined) return 'what the server said is no reply of SMTP';
    this.#lines.push(text);
    if (separator !== '-') this.#give(Number(code), give);
    return this.#lines.length > REPLY_LINES_LIMIT ? `a reply had more than ${REPLY_LINES_LIMIT} lines` : undefined;
  }

  /** Where lines have several codes, the last counts. */
  #give(code: number, give: (reply: Reply) => void): void {
    const lines = this.#lines;
    this.#lines = [];
    give(replyOf(code, lines, this.#secrets));
  }
}

const tooLong = `a line of a reply was longer than ${REPLY_LINE_LIMIT_BYTES} octets`;
