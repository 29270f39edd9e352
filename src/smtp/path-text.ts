/**
 * How paths are spelled in MAIL and RCPT, made one: `<path>` and what follows. Blanks around the brackets and inside them, and
 * no brackets at all, are against RFC 5321 §4.1.2, but so common that Postfix takes them. What stands in the path is not
 * looked at here, quoted strings excepted: in them blanks and brackets are characters like others.
 */
import { withoutBlanks } from '../session/grammar.js';

const BLANK = /[ \t]/;
/** As nearly everybody spells it: there is nothing to do. */
const USUAL = /^<[^"<> \t]*>/;

/** `text` begins with the path. Undefined where there is none, or a bracket that nothing closes. */
export function withBrackets(text: string): string | undefined {
  if (USUAL.test(text)) return text;
  const bracketed = text.startsWith('<');
  const end = bracketed ? endOf(text, 1, /[>]/) : endOf(text, 0, BLANK);
  if (end === 0 || (bracketed && end === text.length)) return undefined;
  const inner = withoutBlanks(text.slice(bracketed ? 1 : 0, end));
  return `<${aroundAt(inner)}>${text.slice(bracketed ? end + 1 : end)}`;
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

/** RFC 5322 §4.4: older senders put blanks around the sign between local part and domain. */
function aroundAt(inner: string): string {
  const at = inner.lastIndexOf('@');
  return at === -1 ? inner : `${withoutBlanks(inner.slice(0, at))}@${withoutBlanks(inner.slice(at + 1))}`;
}
