/** The fields of a header that lies there whole, as their sender wrote them, and as people read them. Takes time by its length alone. */
import type { Buffer } from 'node:buffer';
import { FieldText } from './encoded-words.js';
import { charsetOf } from './message-charset.js';
import { printableLine } from './printable.js';

export interface HeaderField {
  /** As it was written. */
  readonly name: string;
  /** Unfolded octets, one a character, without blanks around. */
  readonly value: string;
}

const FIELD = /^([!-9;-~]{1,200})[ \t]*:/;
const LINE_END = /\r?\n/;
/** More of a field is not decoded: each encoded word costs a decoder's call. */
const DECODED_LIMIT_CHARACTERS = 8 * 1024;

/** What is no field is left out. */
export function fieldsOf(header: Buffer): readonly HeaderField[] {
  const fields: { readonly name: string; readonly lines: string[] }[] = [];
  for (const line of header.toString('latin1').split(LINE_END)) {
    const [whole, name] = FIELD.exec(line) ?? [];
    if (line.startsWith(' ') || line.startsWith('\t')) fields.at(-1)?.lines.push(line);
    else if (whole !== undefined && name !== undefined) fields.push({ name, lines: [line.slice(whole.length)] });
  }
  return fields.map(({ name, lines }) => ({ name, value: lines.join('').trim() }));
}

/** Of the first of this name, which is given in lower case. */
export function valueOf(fields: readonly HeaderField[], name: string): string | undefined {
  return fields.find((field) => field.name.toLowerCase() === name)?.value;
}

/** Decodes values of one header: octets that nothing encodes are in the charset that the message names. */
export function decoderFor(fields: readonly HeaderField[]): (value: string) => string {
  const texts = new FieldText(() => charsetOf(valueOf(fields, 'content-type') ?? ''));
  return (value) => printableLine(texts.of(value.slice(0, DECODED_LIMIT_CHARACTERS)));
}
