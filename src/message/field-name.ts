/**
 * Reads the beginning of a header line, over as many pieces as it comes in, until it is known whether it is a field
 * (RFC 5322 §2.2):
 *
 *   field      = 1*ftext *WSP ":" …
 *   ftext      = printable US-ASCII but ":"
 *
 * Blanks before the colon are of the obsolete syntax (§4.5), which must be read. Looks no further than a line may be long, and at no
 * octet twice.
 */
import { Buffer } from 'node:buffer';

/** RFC 5322 §2.1.1: no line is longer, so what has no colon until here is no field. */
export const NAME_LIMIT_BYTES = 998;
const TAB = 9;
const SPACE = 32;
const COLON = 58;
const DELETE = 127;
/** Makes a small letter of a capital one, and leaves the hyphen. */
const SMALL = 0x20;

/** Names that somebody asks for: of letters and hyphens, in lower case. A name that was read is compared where it stands. */
export class WantedNames {
  readonly #byLength: (readonly [name: string, octets: Buffer][] | undefined)[] = [];

  constructor(...names: readonly string[]) {
    for (const name of names)
      this.#byLength[name.length] = [...(this.#byLength[name.length] ?? []), [name, Buffer.from(name)]];
  }

  /** Empty for every other. */
  find(bytes: Buffer, from: number, length: number): string {
    const candidates = this.#byLength[length];
    if (candidates !== undefined) for (const [name, octets] of candidates) if (agrees(bytes, from, octets)) return name;
    return '';
  }
}

function agrees(bytes: Buffer, from: number, name: Buffer): boolean {
  for (let at = 0; at < name.length; at++) if (((bytes[from + at] as number) | SMALL) !== name[at]) return false;
  return true;
}

export class FieldName {
  #nameOctets = 0;
  #octets = 0;

  /**
   * Whether a field begins at `from`; undefined when more must be seen, after which the same octets and more are to be there again.
   * A name with so many blanks behind it that no colon can follow in time counts as a field: a Bcc must not get through like that.
   */
  read(bytes: Buffer, from: number, to: number): boolean | undefined {
    const limit = Math.min(to, from + NAME_LIMIT_BYTES);
    let at = from + this.#octets;
    if (this.#octets === this.#nameOctets) {
      while (at < limit && isFieldText(bytes[at] as number)) at += 1;
      this.#nameOctets = at - from;
    }
    while (at < limit && isBlank(bytes[at] as number)) at += 1;
    this.#octets = at - from;
    if (this.#octets === NAME_LIMIT_BYTES) return this.hasBlanks;
    return at === to ? undefined : this.#nameOctets > 0 && bytes[at] === COLON;
  }

  /** Of the name that was read, without the blanks behind it. */
  get length(): number {
    return this.#nameOctets;
  }

  get hasBlanks(): boolean {
    return this.#octets > this.#nameOctets;
  }

  /** The next one is read. */
  reset(): void {
    this.#nameOctets = 0;
    this.#octets = 0;
  }
}

function isFieldText(byte: number): boolean {
  return byte > SPACE && byte < DELETE && byte !== COLON;
}

export function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
