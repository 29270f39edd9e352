/** Text as parameters of SMTP carry it (RFC 3461 §4): what is not printable, `+` and `=` stand as `+` and two hexadecimal digits. */
import { Buffer } from 'node:buffer';

const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*$/;
// eslint-disable-next-line no-control-regex -- exactly what no value may bring into a line
const CONTROL_OR_BROKEN = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]/;
const XCHAR = /^[!-*,-<>-~]$/;
const XCHARS = /^[!-*,-<>-~]*$/;

/** Undefined for what is not xtext, and for text with control characters or that is not UTF-8: no line's end comes out of it. */
export function readXtext(text: string): string | undefined {
  if (!XTEXT.test(text)) return undefined;
  const octets = text.replace(/\+(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return unlessControl(Buffer.from(octets, 'latin1').toString());
}

/** Nearly all text goes as it is: a message to a thousand is written so a thousand times, within one turn. */
export function writeXtext(text: string): string {
  if (XCHARS.test(text)) return text;
  return Array.from(Buffer.from(text), (octet) => {
    const character = String.fromCharCode(octet);
    return XCHAR.test(character) ? character : `+${hexadecimal(octet)}`;
  }).join('');
}

/** An embedded character, or one that stands as it is: not `\`, `+` or `=`. */
const UTF_8_ADDRESS = /^(?:\\x\{[0-9A-Fa-f]{2,6}\}|[!-*,-<>-[\]-~]|[^ -\u007f])*$/u;
const LAST_CODE_POINT = 0x10ffff;

/** RFC 6533 §3, utf-8-addr-xtext and utf-8-addr-unitext: characters beyond ASCII as `\x{…}`, or as they are. Undefined as above. */
export function readUtf8Xtext(text: string): string | undefined {
  if (!UTF_8_ADDRESS.test(text)) return undefined;
  const decoded = text.replace(/\\x\{(\w+)\}/g, (_, hex: string) => characterOf(parseInt(hex, 16)));
  return unlessControl(decoded);
}

/** As ASCII, which no server has to offer SMTPUTF8 for. */
export function writeUtf8Xtext(text: string): string {
  return Array.from(text, (character) => {
    const isPlain = XCHAR.test(character) && character !== '\\';
    return isPlain ? character : `\\x{${hexadecimal(character.codePointAt(0) ?? 0)}}`;
  }).join('');
}

function characterOf(point: number): string {
  const isCharacter = point <= LAST_CODE_POINT && (point < 0xd800 || point > 0xdfff);
  return isCharacter ? String.fromCodePoint(point) : '\ufffd';
}

function hexadecimal(point: number): string {
  return point.toString(16).toUpperCase().padStart(2, '0');
}

function unlessControl(decoded: string): string | undefined {
  return CONTROL_OR_BROKEN.test(decoded) ? undefined : decoded;
}
