/** The row of a body, and what follows from it for each copy. */
import { CRLF_OCTETS } from '../../../bytes/line-ends.js';
import { TextState, type BodyRow } from '../database/writes.js';
import type { MessageMetadata } from '../protocol/message-frame.js';

/** What is sent of one copy, by RETR or to another server. */
export function octetsOf({ octets, unterminated }: MessageMetadata, trace: Uint8Array): number {
  return trace.length + octets + (unterminated ? CRLF_OCTETS.length : 0);
}

/** What points to the body: each copy in a maildrop, and the queue. */
export function references({ envelope: { recipients, outgoing } }: MessageMetadata, taken: readonly number[]): number {
  return outgoing === undefined
    ? taken.length
    : taken.filter((place) => recipients[place]?.kind === 'local').length + 1;
}

export function bodyRow(id: number, { summary, octets, hash }: MessageMetadata, refs: number): BodyRow {
  return [
    refs,
    octets,
    summary.headerOctets,
    summary.from ?? null,
    summary.to ?? null,
    summary.subject ?? null,
    summary.date ?? null,
    summary.messageId ?? null,
    summary.decodes ? TextState.Undecoded : TextState.Raw,
    hash,
    id,
  ];
}
