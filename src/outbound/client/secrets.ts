/**
 * What a login said that nobody else may read: some servers repeat in a refusal what they were sent, and what they answer stands in
 * logs, in the status and in reports to senders. Compared without regard to case, also where a server cut or wrapped it.
 */
import { printableLine } from '../../message/printable.js';
import { REPLY_TEXT_LIMIT } from './limits.js';

/** So much of a longer word is known for a part of it. */
const PART_LENGTH = 12;
/** What is shorter is part of many a sentence, and hiding it would point it out. */
const LEAST_LENGTH = 4;
/** Of a text: what comes after is never shown. */
const LOOKED_AT = 2 * REPLY_TEXT_LIMIT;
const HIDDEN = '***';
/** Stands in no printable line, and so in no part. */
const BETWEEN = '\n';

export class Secrets {
  /** Each stands alone where it is found, or is long. */
  readonly #whole = new Set<string>();
  /** Parts of them are hidden too. */
  #long = '';

  /** A password or token; also inside whatever base64. */
  keep(secret: string): void {
    const octets = Buffer.from(secret);
    for (const word of [secret, ...[0, 1, 2].map((offset) => insideBase64(octets, offset))]) this.#add(word, true);
  }

  /** As it went over the line, and what it means. A name may be shown: it is no secret. */
  sent(octets: Buffer, name: string): void {
    this.#add(octets.toString('base64'), true);
    const meant = octets.toString();
    if (meant !== name) this.#add(meant, false);
  }

  /** Of a printable line; what is above the limit of a reply may be missing. */
  hidden(text: string): string {
    if (this.#whole.size === 0) return text;
    const looked = text.slice(0, LOOKED_AT);
    const marks = this.#marks(lower(looked));
    // A part that was cut off here is not known as one.
    const end = looked.length === text.length ? looked.length : looked.length - PART_LENGTH;
    let shown = '';
    for (let at = 0; at < end; at++) {
      if (marks[at] === 0) shown += looked.charAt(at);
      else if (at === 0 || marks[at - 1] === 0) shown += HIDDEN;
    }
    return shown;
  }

  #add(word: string, isKnownByParts: boolean): void {
    const octets = Buffer.from(word).toString('latin1');
    // As a reply shows what is no UTF-8.
    for (const form of new Set([word, octets.replace(/[\x80-\xff]/g, '\ufffd')])) {
      const shown = lower(printableLine(form).trim());
      if (shown.length < LEAST_LENGTH || this.#whole.has(shown)) continue;
      this.#whole.add(shown);
      if (isKnownByParts && shown.length > PART_LENGTH) this.#long += BETWEEN + shown;
    }
  }

  #marks(text: string): Uint8Array {
    const marks = new Uint8Array(text.length);
    for (const word of this.#whole)
      for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1))
        if (word.length >= PART_LENGTH || isAlone(text, at, at + word.length)) marks.fill(1, at, at + word.length);
    for (let at = 0; at + PART_LENGTH <= text.length; at++)
      if (this.#long.includes(text.slice(at, at + PART_LENGTH))) marks.fill(1, at, at + PART_LENGTH);
    return marks;
  }
}

/** The characters that these octets alone decide, behind so many others (modulo 3). */
function insideBase64(octets: Buffer, offset: number): string {
  const whole = Buffer.concat([Buffer.alloc(offset), octets]);
  return whole.toString('base64').slice(Math.ceil((offset * 4) / 3), Math.floor((whole.length * 4) / 3));
}

function isAlone(text: string, from: number, to: number): boolean {
  return !/[\p{L}\p{N}]$/u.test(text.slice(0, from)) && !/^[\p{L}\p{N}]/u.test(text.slice(to));
}

/** Of the same length. */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
