/**
 * How the end of data is answered: once for the whole message, or in LMTP once for each recipient that RCPT accepted,
 * in their order (RFC 2033 §4.2). Two recipients that lead to the same maildrop get an answer each.
 */
import { Buffer } from 'node:buffer';
import type { EnvelopeRecipient } from '../store/deliveries.js';
import type { Recipient } from './recipient.js';
import { replies, type SmtpReply } from './replies.js';

export interface Answer {
  /** The message is durable for all but those who were left out because of their quota. */
  accepted(id: string, leftOut: readonly EnvelopeRecipient[]): SmtpReply;
  /** It is durable for nobody. */
  refused(reply: SmtpReply): SmtpReply;
}

export const answerOnce: Answer = {
  accepted: (id) => replies.accepted(id),
  refused: (reply) => reply,
};

/** `copies`: what of the envelope is delivered under which address. */
export function answerEach(recipients: readonly Recipient[], copies: ReadonlyMap<string, EnvelopeRecipient>): Answer {
  return {
    accepted(id, leftOut) {
      const missing = new Set(leftOut);
      const misses = (address: string): boolean => missing.has(copies.get(address) as EnvelopeRecipient);
      return together(
        recipients.map(({ text, targets }) =>
          missing.size > 0 && targets.some(({ address }) => misses(address))
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
