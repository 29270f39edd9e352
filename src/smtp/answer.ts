/**
 * How the end of data is answered: once for the whole message, or in LMTP once for each recipient that RCPT accepted,
 * in their order (RFC 2033 §4.2). Two recipients that lead to the same maildrop get an answer each.
 */
import { Buffer } from 'node:buffer';
import type { Recipient } from '../message/recipient.js';
import { replies, type SmtpReply } from './replies.js';

export interface Answer {
  /** The message is durable for all but those who were left out because of their quota: their positions in the envelope. */
  accepted(id: string, refusedAt: readonly number[]): SmtpReply;
  /** It is durable for nobody. */
  refused(reply: SmtpReply): SmtpReply;
}

export const answerOnce: Answer = {
  accepted: (id) => replies.accepted(id),
  refused: (reply) => reply,
};

/** `addresses`: what each position of the envelope was delivered to. */
export function answerEach(recipients: readonly Recipient[], addresses: readonly string[]): Answer {
  return {
    accepted(id, refusedAt) {
      const missing = new Set(refusedAt.map((position) => addresses[position]));
      return together(
        recipients.map(({ text, targets }) =>
          missing.size > 0 && targets.some(({ address }) => missing.has(address))
            ? replies.mailboxFull(text)
            : replies.acceptedFor(text, id),
        ),
      );
    },
    refused: (reply) => together(recipients.map(() => reply)),
  };
}

/** Good when one of them is. */
function together(each: readonly SmtpReply[]): SmtpReply {
  return {
    code: Math.min(...each.map(({ code }) => code)),
    head: Buffer.concat(each.map(({ head }) => head)),
    failed: each.every(({ failed }) => failed),
  };
}
