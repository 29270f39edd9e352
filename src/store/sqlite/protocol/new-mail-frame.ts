/** New mail as it travels to a sender: what is leased of one message, and its octets where they are few. */
import type { Buffer } from 'node:buffer';
import type { LeasedMessage } from '../../queue.js';
import { FieldReader, FieldWriter, textBytes } from './fields.js';
import { FrameType, HEADER_BYTES } from './frames.js';

export interface NewMail {
  /** One for each destination. */
  readonly messages: readonly Omit<LeasedMessage, 'content'>[];
  /** What is sent, in pieces; none of a message that is read when it is sent. */
  readonly pieces: readonly Uint8Array[];
}

/** It stands at the beginning of what `allocate` gives. */
export function newMailFrame({ messages, pieces }: NewMail, allocate: (bytes: number) => Buffer): Buffer {
  const text = JSON.stringify(messages);
  const octets = pieces.reduce((sum, { length }) => sum + length, 0);
  const writer = new FieldWriter(allocate(HEADER_BYTES + textBytes(text) + octets));
  writer.text(text);
  for (const piece of pieces) writer.raw(piece);
  return writer.frame(FrameType.NewMail, 0);
}

/** @throws FrameError */
export function readNewMail(payload: Buffer): readonly LeasedMessage[] {
  const reader = new FieldReader(payload);
  const messages = JSON.parse(reader.requiredText()) as readonly LeasedMessage[];
  const content = reader.rest();
  return content.length === 0 ? messages : messages.map((message) => ({ ...message, content }));
}
