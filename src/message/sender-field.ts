/**
 * Gives a message another author: its From fields go, and one that names a given address comes behind the other fields. Where answers
 * went by From they go on to whom it named: that becomes Reply-To, if there is none and it named addresses. Everything else passes byte for byte. Of the From
 * field a few KiB are held, however long it is; a longer one is not kept.
 */
import { Buffer } from 'node:buffer';
import { CRLF } from '../bytes/line-ends.js';
import { WantedNames } from './field-name.js';
import { HeaderStage, type HeaderEditor, type HeaderOutput } from './header-stage.js';
import { isMailboxList } from './mailbox-list.js';

const NAMES = new WantedNames('from', 'reply-to');
const FIELD_LIMIT_OCTETS = 4096;
const COLON = ':';

/** `replaced` is told when From named somebody else, or was missing. */
export function senderField(address: string, replaced: () => void): HeaderStage {
  return new HeaderStage((output) => new SenderField({ address, replaced, output }));
}

interface SenderFieldOptions {
  readonly address: string;
  readonly replaced: () => void;
  readonly output: HeaderOutput;
}

class SenderField implements HeaderEditor {
  readonly names = NAMES;
  readonly #options: SenderFieldOptions;
  #from = Buffer.alloc(0);
  #isInFrom = false;
  /** What has been read of it is the first. */
  #isFirst = true;
  #hasReplyTo = false;
  #hasEnded = false;

  constructor(options: SenderFieldOptions) {
    this.#options = options;
  }

  field(name: string): void {
    if (this.#isInFrom) this.#isFirst = false;
    this.#isInFrom = name === 'from' && !this.#hasEnded;
    this.#hasReplyTo ||= name === 'reply-to';
  }

  /** What follows is text, though no empty line has come. */
  malformed(): void {
    this.#isInFrom = false;
    this.#endOfFields();
  }

  keeps(bytes: Buffer, from: number, to: number): boolean {
    if (this.#isInFrom) this.#hold(bytes, from, to);
    return !this.#isInFrom;
  }

  endOfHeader(): void {
    this.#endOfFields();
  }

  endOfMessage(): void {
    if (!this.#hasEnded) this.#options.output.endLine();
    this.#endOfFields();
  }

  /** A copy: the octets are good for now only. */
  #hold(bytes: Buffer, from: number, to: number): void {
    if (this.#isFirst && this.#from.length <= FIELD_LIMIT_OCTETS)
      this.#from = Buffer.concat([this.#from, bytes.subarray(from, to)]);
  }

  #endOfFields(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { address, replaced, output } = this.#options;
    const value = this.#value();
    if (namesOnly(value, address)) return output.add(Buffer.from(`From${COLON}${value}`, 'latin1'));
    replaced();
    output.add(Buffer.from(`From: <${address}>${CRLF}`));
    if (!this.#hasReplyTo && isMailboxList(value)) output.add(Buffer.from(`Reply-To${COLON}${value}`, 'latin1'));
  }

  /** What stood behind the colon of From, with its CRLF, one character an octet; empty for nothing that can be kept. */
  #value(): string {
    if (this.#from.length > FIELD_LIMIT_OCTETS) return '';
    const text = this.#from.toString('latin1');
    const value = text.slice(text.indexOf(COLON) + 1);
    if (value.trim() === '') return '';
    return value.endsWith(CRLF) ? value : `${value}${CRLF}`;
  }
}

/** What a plain name has none of: with one of these more may stand before the brackets than a name (RFC 5322 §3.4). */
const NO_NAME = /[@,;:<>()]/;

/** Whether the field names this address alone, with a plain name before it or none. */
function namesOnly(value: string, address: string): boolean {
  const text = value.trim();
  const from = text.endsWith('>') ? text.lastIndexOf('<') : -1;
  const named = from === -1 ? text : text.slice(from + 1, -1).trim();
  return named.toLowerCase() === address.toLowerCase() && (from === -1 || !NO_NAME.test(text.slice(0, from)));
}
