/**
 * Whether a message may be answered by a program (RFC 3834 §2), by its header and its sender: what comes from a program or a list, or
 * asks for no answer, is not. And what an answer has to know of it. Takes time by the length of the header alone.
 */
import type { Buffer } from 'node:buffer';
import { WantedNames } from './field-name.js';
import { HeaderScanner, type HeaderHandler } from './header-scanner.js';

/** What an answer has to know of a message that may have one. */
export interface Answerable {
  /** What its fields of recipients name, in lower case, each once; as many as NAMED_LIMIT. */
  readonly named: ReadonlySet<string>;
  /** For References and In-Reply-To: those before it, and its own; none where it has none. */
  readonly references: readonly string[];
  readonly messageId: string | undefined;
}

const LIST_FIELDS = ['list-id', 'list-unsubscribe', 'list-post', 'list-help', 'list-owner', 'list-archive'];
const RECIPIENT_FIELDS = ['to', 'cc', 'resent-to', 'resent-cc'];
const NAMES = new WantedNames(
  ...LIST_FIELDS,
  ...RECIPIENT_FIELDS,
  ...['auto-submitted', 'precedence', 'x-auto-response-suppress', 'message-id', 'references'],
);

/** Further ones are not looked for: whoever is named behind so many others is hardly meant. */
const NAMED_LIMIT = 1_000;
/** RFC 5322 §3.6.4: the newest, where there are more. */
const REFERENCES_LIMIT = 20;
const MESSAGE_ID = /^<[!-;=?-~]{1,250}@[!-;=?-~]{1,250}>$/;

/** Undefined for one that is not to be answered. */
export function readAnswerable(header: Buffer): Answerable | undefined {
  const fields = new Fields(header);
  if (LIST_FIELDS.some((name) => fields.has(name)) || isAutomatic(fields)) return undefined;
  const messageId = idsIn(fields.text('message-id')).at(-1);
  const before = idsIn(fields.text('references'));
  const references = messageId === undefined ? [] : [...before, messageId].slice(-REFERENCES_LIMIT);
  return { named: addressesIn(RECIPIENT_FIELDS.map((name) => fields.text(name)).join(' ')), references, messageId };
}

function isAutomatic(fields: Fields): boolean {
  const submitted = fields.text('auto-submitted').trim();
  if (submitted !== '' && !/^no(?:[\s;(]|$)/i.test(submitted)) return true;
  if (/(?:^|\s)(?:bulk|list|junk)(?:\s|$)/i.test(fields.text('precedence'))) return true;
  return /(?:^|[\s,;])(?:all|oof|autoreply)(?:[\s,;]|$)/i.test(fields.text('x-auto-response-suppress'));
}

/** Names by which programs and lists send (RFC 3834 §2, RFC 5230 §4.5), however they are written. */
const PROGRAMS = /noreply|donotreply|^(?:mailerdaemon|listserv|majordomo|owner|bounces?)$/;
const OF_LISTS = /^owner-|^bounces?-|-(?:request|owner|bounces?|relay)$/;

/** Whether who sends under this local part reads no answers. */
export function isProgram(local: string): boolean {
  const [name = ''] = local.toLowerCase().split('+', 1);
  return OF_LISTS.test(name) || PROGRAMS.test(name.replace(/[-_.]/g, ''));
}

function idsIn(text: string): readonly string[] {
  return text.split(/\s+/).filter((each) => MESSAGE_ID.test(each));
}

/** What looks like an address: without the names, comments and quotes around it. */
function addressesIn(text: string): ReadonlySet<string> {
  const named = new Set<string>();
  for (const each of text.toLowerCase().split(/[\s<>(),:;"]+/)) {
    if (named.size >= NAMED_LIMIT) break;
    if (each.includes('@')) named.add(each);
  }
  return named;
}

/** Those wanted, unfolded; of several of one name all, with a blank between. */
class Fields implements HeaderHandler {
  readonly #texts = new Map<string, string[]>();
  #current: string[] | undefined;
  #isName = false;

  constructor(header: Buffer) {
    const scanner = new HeaderScanner(this, NAMES);
    scanner.scan(header);
    scanner.end();
  }

  has(name: string): boolean {
    return this.#texts.has(name);
  }

  text(name: string): string {
    return (this.#texts.get(name) ?? []).join('');
  }

  field(name: string): void {
    this.#current = name === '' ? undefined : (this.#texts.get(name) ?? []);
    this.#isName = true;
    if (this.#current !== undefined) this.#texts.set(name, this.#current);
  }

  malformed(): void {
    this.#current = undefined;
  }

  octets(bytes: Buffer, from: number, to: number): void {
    if (this.#current === undefined) return;
    const text = bytes.toString('utf8', from, to).replace(/[\r\n]+/g, ' ');
    this.#current.push(this.#isName ? text.slice(text.indexOf(':') + 1) : text);
    this.#isName = false;
  }
}
