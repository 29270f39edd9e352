/** Text as parameters of SMTP carry it (RFC 3461 §4): what is not printable, `+` and `=` stand as `+` and two hexadecimal digits. */
import { Buffer } from 'node:buffer';

const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*$/;
// eslint-disable-next-line no-control-regex -- exactly what no value may bring into a line
const CONTROL_OR_BROKEN = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]/;

/** Undefined for what is not xtext, and for text with control characters or that is not UTF-8: no line's end comes out of it. */
export function readXtext(text: string): string | undefined {
  if (!XTEXT.test(text)) return undefined;
  const octets = text.replace(/\+(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const decoded = Buffer.from(octets, 'latin1').toString();
  return CONTROL_OR_BROKEN.test(decoded) ? undefined : decoded;
}
