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

/** Whether one of those that a recipient leads to was left out: `addresses` is what each position of the envelope was delivered to. */
type LeftOut = (recipient: Recipient) => boolean;

export function leftOutOf(addresses: readonly string[], refusedAt: readonly number[]): LeftOut {
  if (refusedAt.length === 0) return () => false;
  const missing = new Set(refusedAt.map((position) => addresses[position]));
  return ({ targets }) => targets.some(({ address }) => missing.has(address));
}

/** `addresses`: as above. */
export function answerEach(recipients: readonly Recipient[], addresses: readonly string[]): Answer {
  return {
    accepted(id, refusedAt) {
      const isLeftOut = leftOutOf(addresses, refusedAt);
      return together(
        recipients.map((recipient) =>
          isLeftOut(recipient) ? replies.mailboxFull(recipient.text) : replies.acceptedFor(recipient.text, id),
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
