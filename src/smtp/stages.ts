/**
 * What is done with a message between the client and the store, in this order. A refusal of one of them is the reply, after the
 * true end of the message; whoever stands before another is asked first.
 */
import { missingFields } from '../message/missing-fields.js';
import { HOP_LIMIT, HopLimit } from '../message/hops.js';
import { MessageStart } from '../message/message-start.js';
import { NewlineNormalizer } from '../bytes/newlines.js';
import { replies } from './replies.js';
import type { StageRow } from './stage-row.js';
import { fieldsFor, senderRefusal } from './submission.js';

export const hops: StageRow = () => new HopLimit(replies.looping(HOP_LIMIT));

/** Who has logged in: an alias that was there at MAIL may be gone by the end. */
export const ownSender: StageRow = ({ transaction: { from, hello }, store }) =>
  hello.login && { end: () => senderRefusal(from, hello.login, store) };

const newlines: StageRow = ({ settings }) => {
  if (settings.bareNewlines !== 'normalize') return undefined;
  const normalizer = new NewlineNormalizer();
  return { write: (piece, next) => next(normalizer.pass(piece)) };
};

/** Whoever hands a message in: the trace headers stand right before it. */
export const messageStart: StageRow = () => new MessageStart();

const missingHeaderFields: StageRow = ({ id, atMs, transaction: { hello }, settings }) =>
  hello.login && missingFields(fieldsFor(id, settings.hostname, atMs));

export const stages: readonly StageRow[] = [hops, ownSender, newlines, messageStart, missingHeaderFields];
