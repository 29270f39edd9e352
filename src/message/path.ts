/**
 * Paths as envelopes bring them (RFC 5321 §4.1.2, widened by RFC 6531 §3.3). What other servers, programs and devices call their
 * senders is theirs to choose, and what cannot be a mailbox here is told so by RCPT: only what has no meaning, or could speak to a
 * terminal or a header, is refused. Lengths are not judged (§4.5.3.1) but where a domain cannot be, or a line of SMTP would not hold it.
 *
 *   Path    = "<" [ "@" route ":" ] Mailbox ">"
 *   Mailbox = Local [ "@" ( Domain / address-literal ) ]
 *   Local   = [ Word ] *( "." [ Word ] )                   ; dots anywhere, or nothing at all
 *   Word    = 1*( atext / ":" / "@" / quoted-pair ) / Quoted-string
 *
 * Source routes are read and left out (§3.6.1), and so is a name before a path in brackets of its own: `<Alice <alice@example.org>>`.
 */
import { normalizeRemoteDomain, isAscii, normalizeLiteral } from './domain.js';
import { unquote } from './mailbox.js';

/** A path in an envelope. `text` is the mailbox as given, without brackets and route. */
export interface Path {
  readonly text: string;
  /** Undefined for the null reverse-path `<>`. */
  readonly mailbox: EnvelopeMailbox | undefined;
  /** Whether it may only be used in a transaction that asked for SMTPUTF8. */
  readonly international: boolean;
}

export interface EnvelopeMailbox {
  /** Unquoted. */
  readonly local: string;
  /** Undefined for `<Postmaster>` (RFC 5321 §4.1.1.3) and others that leave it out, as devices do. */
  readonly domain: string | undefined;
}

/** With its brackets: what fits into a command line of SMTP. Those of submission are longer, for AUTH. */
export const PATH_LIMIT_BYTES = 2048;

/** Controls, and what some programs take for the end of a line. */
const UNFIT = '\\p{Cc}\\u2028\\u2029';
const ATOM = `(?:[^${UNFIT} "(),.;<>[\\\\\\]]|\\\\[^${UNFIT}])+`;
const QUOTED_STRING = `"(?:[^${UNFIT}"\\\\]|\\\\[^${UNFIT}])*"`;
const WORD = `(?:${ATOM}|${QUOTED_STRING})`;
/** What nearly every local part is, and any such is one. */
const USUAL_LOCAL = /^[A-Za-z0-9.+=_-]+$/;
const LOCAL = new RegExp(`^${WORD}?(?:\\.${WORD}?)*$`, 'u');
const HOP = `@(?:\\[[^${UNFIT}\\]]*\\]|[^${UNFIT},:@<>"[\\]\\\\]*)`;
const SOURCE_ROUTE = new RegExp(`^(?:${HOP}(?:,${HOP})*:)+`, 'u');
const NAMED = new RegExp(`^(?:${QUOTED_STRING}|[^${UNFIT}"<>\\\\])*<(.*)> *$`, 'u');

/** What stands in angle brackets in front of the parameters; `rest` is what follows the closing bracket. */
export function readPath(text: string): { readonly path: Path; readonly rest: string } | undefined {
  const end = closingBracket(text);
  if (end === -1 || Buffer.byteLength(text.slice(0, end + 1)) > PATH_LIMIT_BYTES) return undefined;
  const path = pathOf(text.slice(1, end));
  return path && { path, rest: text.slice(end + 1) };
}

function pathOf(inner: string): Path | undefined {
  const path = (inner.includes('<') ? NAMED.exec(inner)?.[1] : undefined) ?? inner;
  if (path === '') return { text: '', mailbox: undefined, international: false };
  const text = path.replace(SOURCE_ROUTE, '');
  const mailbox = text === '' ? undefined : mailboxOf(text);
  return mailbox && { text, mailbox, international: !isAscii(text) };
}

/** The last @ divides: no domain has one. */
function mailboxOf(text: string): EnvelopeMailbox | undefined {
  const at = text.lastIndexOf('@');
  const local = at === -1 ? text : text.slice(0, at);
  const domain = at === -1 ? undefined : hostOf(text.slice(at + 1));
  if (at !== -1 && domain === undefined) return undefined;
  if (USUAL_LOCAL.test(local)) return { local, domain };
  return LOCAL.test(local) ? { local: unquote(local), domain } : undefined;
}

function hostOf(text: string): string | undefined {
  return text.startsWith('[') ? normalizeLiteral(text) : normalizeRemoteDomain(text);
}

/** The bracket that ends the path: one inside a quoted string does not, nor the one of a path within. */
function closingBracket(text: string): number {
  if (!text.startsWith('<')) return -1;
  for (let at = 1, depth = 1, quoted = false; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === '<' && !quoted) depth += 1;
    else if (character === '>' && !quoted && --depth === 0) return at;
  }
  return -1;
}
