/**
 * A message on its way in, from DATA or the first BDAT to its end: counts it, leads it through its stages, and commits it.
 * Whatever goes wrong on the way, the body is read to its true end and then refused once.
 * Ends exactly once: `finish` commits or refuses, `abandon` drops; nothing of the message is kept after either.
 */
import { whenReady } from '../runtime/when-ready.js';
import { NewlineCheck } from '../bytes/newlines.js';
import type { Sink } from '../session/command.js';
import { StageLine, type Stage } from '../message/stage.js';
import type { Path } from '../message/path.js';
import type { Recipient } from '../message/recipient.js';
import type { Delivery } from '../store/deliveries.js';
import { StoreError } from '../store/errors.js';
import type { MaybePromise } from '../store/shapes.js';
import type { Answer } from './answer.js';
import { failureReply, replies, type SmtpReply } from './replies.js';

export interface MessageReceiverOptions {
  /** Names the message to the client and in its Received header. */
  readonly id: string;
  readonly envelope: { readonly from: Path; readonly recipients: readonly Recipient[] };
  readonly answer: Answer;
  readonly stages: readonly Stage<SmtpReply>[];
  readonly limitBytes: number;
  /** What is done between the moment that the message is durable, but for those who were left out, and its answer. Never rejects. */
  readonly stored?: ((refusedAt: readonly number[]) => Promise<void>) | undefined;
}

export class MessageReceiver implements Sink {
  readonly #delivery: Delivery;
  readonly #stages: StageLine<SmtpReply>;
  readonly id: string;
  readonly envelope: MessageReceiverOptions['envelope'];
  readonly #answer: Answer;
  readonly #limitBytes: number;
  readonly #stored: MessageReceiverOptions['stored'];
  /** For a message that comes in chunks, between which a CRLF may be cut. */
  readonly newlines = new NewlineCheck();
  #octets = 0;
  #refusal: SmtpReply | undefined;

  constructor(delivery: Delivery, { id, envelope, answer, stages, limitBytes, stored }: MessageReceiverOptions) {
    this.#delivery = delivery;
    this.#stages = new StageLine(stages, (octets) => delivery.write(octets));
    this.id = id;
    this.envelope = envelope;
    this.#answer = answer;
    this.#limitBytes = limitBytes;
    this.#stored = stored;
  }

  get octets(): number {
    return this.#octets;
  }

  /** A reason to give up before the end, if one is known; a chunk is then refused at once. */
  get refusal(): SmtpReply | undefined {
    return this.#refusal;
  }

  write(piece: Uint8Array): void | Promise<void> {
    this.#octets += piece.length;
    if (this.#refusal !== undefined) return;
    if (this.#octets > this.#limitBytes) return this.#refuse(replies.tooLarge(this.#limitBytes));
    return this.#judge(() => this.#stages.write(piece));
  }

  abandon(): void {
    this.#refuse(replies.stopping);
  }

  /**
   * The reply for the whole message, or one for each recipient; it is durable when the reply says so.
   * `refusal`: what is already known against it.
   */
  finish(refusal?: SmtpReply): SmtpReply | Promise<SmtpReply> {
    this.#refuse(refusal);
    const judged = this.#refusal === undefined ? this.#judge(() => this.#stages.end()) : undefined;
    return whenReady(judged, () => this.#answered());
  }

  #answered(): SmtpReply | Promise<SmtpReply> {
    if (this.#refusal !== undefined) return this.#answer.refused(this.#refusal);
    return this.#committed().then(
      (refusedAt) => this.#answer.accepted(this.id, refusedAt),
      (error: unknown) => this.#answer.refused(failedReply(error)),
    );
  }

  #committed(): Promise<readonly number[]> {
    const stored = this.#stored;
    const committed = this.#delivery.commit();
    return stored === undefined ? committed : committed.then((refusedAt) => stored(refusedAt).then(() => refusedAt));
  }

  /** Refuses the message where the stages or the store behind them do. */
  #judge(ask: () => MaybePromise<SmtpReply | undefined>): void | Promise<void> {
    try {
      const judged = ask();
      if (!(judged instanceof Promise)) return this.#refuse(judged);
      return judged.then(
        (refusal) => this.#refuse(refusal),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Nothing is kept of a message that met a bug either. */
  #fail(error: unknown): void {
    const isFailure = error instanceof StoreError;
    this.#refuse(isFailure ? failureReply(error) : replies.internal);
    if (!isFailure) throw error;
  }

  #refuse(reply: SmtpReply | undefined): void {
    if (reply === undefined || this.#refusal !== undefined) return;
    this.#refusal = reply;
    this.#delivery.abort();
  }
}

function failedReply(error: unknown): SmtpReply {
  if (error instanceof StoreError) return failureReply(error);
  throw error;
}
