/**
 * A message on its way in, from DATA or the first BDAT to its end: counts, watches, and passes on to the store.
 * Whatever goes wrong on the way, the body is read to its true end and then refused once.
 * Ends exactly once: `finish` commits or refuses, `abandon` drops; nothing of the message is kept after either.
 */
import { NewlineCheck, NewlineNormalizer } from '../bytes/newlines.js';
import type { Sink } from '../session/command.js';
import type { Delivery } from '../store/deliveries.js';
import { StoreError } from '../store/errors.js';
import type { Soon } from '../store/shapes.js';
import type { Answer } from './answer.js';
import { HOP_LIMIT, HopCount } from '../message/hops.js';
import { failureReply, replies, type SmtpReply } from './replies.js';

export interface IntakeSettings {
  readonly maxMessageSize: number;
  readonly bareNewlines: 'refuse' | 'normalize';
}

export interface IntakeName {
  /** Names the message to the client and in its Received header. */
  readonly id: string;
  readonly answer: Answer;
  /** Asked when all of the message is there: what may have changed since MAIL. @throws StoreError */
  readonly lateRefusal?: () => Soon<SmtpReply | undefined>;
}

export class Intake implements Sink {
  readonly #delivery: Delivery;
  readonly #id: string;
  readonly #answer: Answer;
  readonly #lateRefusal: IntakeName['lateRefusal'];
  readonly #limitBytes: number;
  readonly #normalizer: NewlineNormalizer | undefined;
  readonly #hops = new HopCount();
  /** For a message that comes in chunks, between which a CRLF may be cut. */
  readonly newlines = new NewlineCheck();
  #octets = 0;
  #refusal: SmtpReply | undefined;

  constructor(
    delivery: Delivery,
    { id, answer, lateRefusal }: IntakeName,
    { maxMessageSize, bareNewlines }: IntakeSettings,
  ) {
    this.#delivery = delivery;
    this.#id = id;
    this.#answer = answer;
    this.#lateRefusal = lateRefusal;
    this.#limitBytes = maxMessageSize;
    this.#normalizer = bareNewlines === 'normalize' ? new NewlineNormalizer() : undefined;
  }

  get octets(): number {
    return this.#octets;
  }

  write(piece: Uint8Array): void | Promise<void> {
    this.#octets += piece.length;
    if (this.#refusal !== undefined) return;
    if (this.#octets > this.#limitBytes) return this.#refuse(replies.tooLarge(this.#limitBytes));
    this.#hops.look(piece);
    return this.#store(this.#normalizer === undefined ? piece : this.#normalizer.pass(piece));
  }

  abandon(): void {
    this.#refuse(replies.stopping);
  }

  /** The reply for the whole message, or one for each recipient; it is durable when the reply says so. */
  finish(bareNewline: boolean): SmtpReply | Promise<SmtpReply> {
    if (bareNewline && this.#normalizer === undefined) this.#refuse(replies.bareNewline);
    else if (this.#hops.received > HOP_LIMIT) this.#refuse(replies.looping(HOP_LIMIT));
    if (this.#refusal !== undefined) return this.#answer.refused(this.#refusal);
    if (this.#lateRefusal !== undefined) return this.#finishLate(this.#lateRefusal);
    return this.#answered(this.#delivery.commit());
  }

  async #finishLate(lateRefusal: NonNullable<IntakeName['lateRefusal']>): Promise<SmtpReply> {
    const refusal = await attempted(lateRefusal);
    if (refusal === undefined) return this.#answered(this.#delivery.commit());
    this.#refuse(refusal);
    return this.#answer.refused(refusal);
  }

  #answered(commit: Promise<readonly number[]>): Promise<SmtpReply> {
    return commit.then(
      (leftOut) => this.#answer.accepted(this.#id, leftOut),
      (error: unknown) => this.#answer.refused(failedReply(error)),
    );
  }

  /** A reason to give up before the end, if one is known; a chunk is then refused at once. */
  get refusal(): SmtpReply | undefined {
    return this.#refusal;
  }

  #store(piece: Uint8Array): void | Promise<void> {
    try {
      return this.#delivery.write(piece)?.catch((error: unknown) => this.#refuse(failedReply(error)));
    } catch (error) {
      this.#refuse(failedReply(error));
    }
  }

  #refuse(reply: SmtpReply): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = reply;
    this.#delivery.abort();
  }
}

async function attempted(ask: () => Soon<SmtpReply | undefined>): Promise<SmtpReply | undefined> {
  try {
    return await ask();
  } catch (error) {
    return failedReply(error);
  }
}

function failedReply(error: unknown): SmtpReply {
  if (error instanceof StoreError) return failureReply(error);
  throw error;
}
