/**
 * Header fields for people: encoded words (RFC 2047 §2) decoded, also those that senders get wrong, and raw octets that are no ASCII by
 * the charset that the message names. What cannot be read is left as it stands. Takes time by the length alone, and never throws.
 */
import { Buffer, isAscii, isUtf8 } from 'node:buffer';
import { decode, encodingOf, REPLACEMENT, type Decoders } from './charset.js';

interface Word {
  readonly charset: string;
  readonly encoding: 'q' | 'b';
  readonly text: string;
}

/**
 * RFC 2047 §2, with a language (RFC 2231 §5) that nobody shows. The text may hold blanks and question marks, though it must not, and the last
 * word of a field may be cut off. Where it ends is never tried twice: no word begins inside another.
 */
const WORD = /=\?([^?\s*]{1,60})(?:\*[^?\s]{0,60})?\?([qb])\?((?:[^?=]|\?(?!=)|=(?!\?(?!=)))*)(?:\?=|$)/gi;
const BLANK = /^[ \t\r\n]*$/;
/** RFC 2047 §4.2. A blank behind `=` comes from a line that was folded inside the word. */
const ESCAPE = /=[ \t]*([0-9a-f]{2})/gi;
/** What switches charsets in a text of seven bits. */
export const ESC = '\x1b';
const SEVEN_BITS = 'iso-2022-jp';

export class FieldText {
  readonly #look: () => string | undefined;
  /** As the message says, once it has been looked for. */
  #found: { readonly named: string | undefined } | undefined;
  readonly #decoders: Decoders = new Map();

  /** `named` is the charset that the message names; it is asked only where octets need it. */
  constructor(named: () => string | undefined) {
    this.#look = named;
  }

  /** `value` is a field's unfolded octets, one a character. */
  of(value: string): string {
    const pieces: string[] = [];
    let run: Word[] = [];
    let at = 0;
    for (const found of value.matchAll(WORD)) {
      const between = value.slice(at, found.index);
      const word = wordOf(found);
      if (!continues(run, between, word)) {
        pieces.push(this.#words(run), run.length > 0 && BLANK.test(between) ? '' : this.#raw(between));
        run = [];
      }
      run.push(word);
      at = found.index + found[0].length;
    }
    return [...pieces, this.#words(run), this.#raw(value.slice(at))].join('');
  }

  /** Words of one charset beside each other are one text: a character may begin in one and end in the next. */
  #words(run: readonly Word[]): string {
    const [first] = run;
    return first === undefined ? '' : decode(octetsOf(run), first.charset, this.#decoders);
  }

  #raw(piece: string): string {
    const octets = Buffer.from(piece, 'latin1');
    if (isAscii(octets)) return piece.includes(ESC) ? this.#sevenBits(octets) : piece;
    if (isUtf8(octets)) return octets.toString();
    const text = decode(octets, this.#named(), this.#decoders);
    return text.includes(REPLACEMENT) ? decode(octets) : text;
  }

  #named(): string | undefined {
    this.#found ??= { named: this.#look() };
    return this.#found.named;
  }

  #sevenBits(octets: Buffer): string {
    const named = this.#named() ?? '';
    return encodingOf(named) === SEVEN_BITS ? decode(octets, named, this.#decoders) : octets.toString();
  }
}

function wordOf([, charset = '', encoding = '', text = '']: RegExpExecArray): Word {
  return { charset, encoding: encoding.toLowerCase() as Word['encoding'], text };
}

/** Blanks between two words are no part of the text (RFC 2047 §6.2). */
function continues(run: readonly Word[], between: string, word: Word): boolean {
  const [first] = run;
  return first !== undefined && BLANK.test(between) && isSameCharset(first.charset, word.charset);
}

function isSameCharset(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase() || encodingOf(one) === encodingOf(other);
}

function octetsOf(words: readonly Word[]): Buffer {
  const units: Pick<Word, 'encoding' | 'text'>[] = [];
  for (const { encoding, text } of words) {
    const last = units.at(-1);
    if (encoding === 'b' && last?.encoding === 'b' && isCut(last.text))
      units[units.length - 1] = { encoding, text: last.text + text };
    else units.push({ encoding, text });
  }
  return Buffer.concat(units.map(({ encoding, text }) => (encoding === 'b' ? base64(text) : quoted(text))));
}

/** Not at the end of an octet: a sender that encodes the whole text first, and then cuts that into words. */
function isCut(text: string): boolean {
  const characters = text.replace(/[^A-Za-z0-9+/=_-]+/g, '');
  const odd = characters.length % 4;
  if (odd === 0 || characters.endsWith('=')) return false;
  return odd === 1 || !(odd === 2 ? 'AQgw' : 'AEIMQUYcgkosw048').includes(characters.at(-1) as string);
}

/** With or without padding, which may stand in the middle. */
function base64(text: string): Buffer {
  return Buffer.concat(text.split(/=+/).map((unit) => Buffer.from(unit, 'base64')));
}

function quoted(text: string): Buffer {
  const octets = text
    .replaceAll('_', ' ')
    .replace(ESCAPE, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  return Buffer.from(octets, 'latin1');
}

/** Octets of a text in one word: four thirds of them, and what stands around, are within the 75 of RFC 2047 §2. */
const WORD_OCTETS = 45;

/** A text as a field carries it: as it stands where that is ASCII, else in words of base64, folded. */
export function encodedWords(text: string): string {
  if (isAscii(Buffer.from(text)) && !text.includes('=?')) return text;
  const words: string[] = [];
  let word = '';
  for (const character of text) {
    if (Buffer.byteLength(word + character) > WORD_OCTETS) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((each) => `=?utf-8?B?${Buffer.from(each).toString('base64')}?=`).join('\r\n ');
}
