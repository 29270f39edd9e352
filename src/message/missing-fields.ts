/**
 * Completes the header of a message that somebody here submits (RFC 6409 §8): Bcc fields go, Date and Message-ID come where
 * they are missing, behind the other fields. Everything else passes byte for byte, and nothing is ever refused here.
 * Holds no more than the beginning of a line, however long lines and header are and wherever the pieces are cut.
 *
 * The header ends with the first empty line. A line that is no field, as when a program forgets the empty line, ends it too: one is put
 * before it, so that all programs read the rest as text. A Bcc goes until the sender's own empty line: it may follow a broken line.
 */
import { Buffer } from 'node:buffer';
import { CRLF_OCTETS } from '../bytes/line-ends.js';
import { WantedNames } from './field-name.js';
import { HeaderStage, type HeaderEditor, type HeaderOutput } from './header-stage.js';

/** What a header gets that lacks them: whole lines, each ended by CRLF. */
export interface Missing {
  readonly date: string;
  readonly messageId: string;
  /** Of submissions by people it is not asked for (RFC 6409 §8.1). */
  readonly from?: string;
  /** Where a field of MIME is there, which means nothing without it (RFC 2045 §4). */
  readonly mimeVersion?: string;
  /** Told of each that was added, by its name in lower case. */
  added?(name: string): void;
}

const MIME = ['content-type', 'content-transfer-encoding'];
const NAMES = new WantedNames('bcc', 'resent-bcc', 'from', 'date', 'message-id', 'mime-version', ...MIME);

export function missingFields(missing: Missing): HeaderStage {
  return new HeaderStage((output) => new MissingFields(missing, output));
}

class MissingFields implements HeaderEditor {
  readonly names = NAMES;
  readonly #missing: Missing;
  readonly #output: HeaderOutput;
  #isEmpty = true;
  /** A line that is no field came before the empty one. */
  #hasEnded = false;
  /** The field that a folded line would belong to is a Bcc. */
  #isDropping = false;
  /** Names of fields that were asked for. */
  readonly #seen = new Set<string>();

  constructor(missing: Missing, output: HeaderOutput) {
    this.#missing = missing;
    this.#output = output;
  }

  field(name: string): void {
    this.#isEmpty = false;
    this.#isDropping = name === 'bcc' || name === 'resent-bcc';
    if (name !== '') this.#seen.add(name);
  }

  malformed(): void {
    this.#isEmpty = false;
    this.#isDropping = false;
    if (this.#hasEnded) return;
    this.#output.add(this.#lacking());
    this.#output.add(CRLF_OCTETS);
    this.#hasEnded = true;
  }

  keeps(): boolean {
    return !this.#isDropping;
  }

  endOfHeader(): void {
    if (!this.#hasEnded) this.#output.add(this.#lacking());
  }

  endOfMessage(): void {
    if (this.#hasEnded) return;
    const lacking = this.#lacking();
    if (lacking.length > 0) this.#output.endLine();
    this.#output.add(lacking);
    if (this.#isEmpty) this.#output.add(CRLF_OCTETS);
  }

  #lacking(): Buffer {
    const { date, messageId, from, mimeVersion } = this.#missing;
    const isMime = MIME.some((name) => this.#seen.has(name));
    const lines = { from, date, 'message-id': messageId, 'mime-version': isMime ? mimeVersion : undefined };
    const lacking = Object.entries(lines).filter(([name, line]) => line !== undefined && !this.#seen.has(name));
    for (const [name] of lacking) this.#missing.added?.(name);
    return Buffer.from(lacking.map(([, line]) => line).join(''));
  }
}
