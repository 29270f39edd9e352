/**
 * How paths are spelled in MAIL and RCPT, made one: `<path>` and what follows. Blanks around the brackets and inside them, no
 * brackets at all, quotes around the whole address, and the comma or semicolon of a list behind it, are against RFC 5321 §4.1.2, but
 * so common that Postfix takes them. What stands in the path is not looked at here, quoted strings excepted: in them blanks and
 * brackets are characters like others.
 */
import { isBlank, withoutBlanks } from '../session/grammar.js';

const BLANK = /[ \t]/;
/** As nearly everybody spells it: there is nothing to do. */
const USUAL = /^<[^",;<> \t]*>(?![,;])/;

/** `text` begins with the path. Undefined where there is none, or a bracket that nothing closes. */
export function withBrackets(text: string): string | undefined {
  if (USUAL.test(text)) return text;
  const bracketed = text.startsWith('<');
  const end = bracketed ? endOf(text, 1, /[>]/) : endOf(text, 0, BLANK);
  if (end === 0 || (bracketed && end === text.length)) return undefined;
  const inner = withoutList(text.slice(bracketed ? 1 : 0, end));
  return `<${aroundAt(withoutQuotes(inner))}>${bracketed ? behind(text.slice(end + 1)) : text.slice(end)}`;
}

/** Where one of these stands outside a quoted string; the text's end when nowhere. */
function endOf(text: string, from: number, sought: RegExp): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const character = text[at] as string;
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && sought.test(character)) return at;
  }
  return text.length;
}

/** People copy an address out of a list, and a comma or semicolon with it. */
function withoutList(inner: string): string {
  let end = inner.length;
  while (end > 0 && (isSeparator(inner[end - 1]) || isBlank(inner.charCodeAt(end - 1)))) end -= 1;
  return withoutBlanks(end === 0 ? inner : inner.slice(0, end));
}

/** The same behind the closing bracket; what stands there without a blank is no parameter, and refused. */
function behind(rest: string): string {
  let start = 0;
  while (isSeparator(rest[start])) start += 1;
  return start === rest.length || isBlank(rest.charCodeAt(start)) ? rest.slice(start) : rest;
}

function isSeparator(character: string | undefined): boolean {
  return character === ',' || character === ';';
}

/** `"alice@example.org"` can only mean the address: a quoted string alone has no domain. */
function withoutQuotes(inner: string): string {
  const isQuoted = inner.length > 1 && inner.startsWith('"') && inner.indexOf('"', 1) === inner.length - 1;
  return isQuoted && inner.includes('@') && !/[<\\]/.test(inner) ? withoutBlanks(inner.slice(1, -1)) : inner;
}

/** RFC 5322 §4.4: older senders put blanks around the sign between local part and domain. */
function aroundAt(inner: string): string {
  const at = inner.lastIndexOf('@');
  return at === -1 ? inner : `${withoutBlanks(inner.slice(0, at))}@${withoutBlanks(inner.slice(at + 1))}`;
}
