/** What the store says to one connection, by the number of the request. It leaves at the next flush. */
import type { Buffer } from 'node:buffer';
import type { StoreError } from '../../errors.js';
import type { FrameOutput } from '../protocol/frame-output.js';
import { newMailFrame, type NewMail } from '../protocol/new-mail-frame.js';
import { emptyFrame, FrameType, jsonFrame } from '../protocol/frames.js';

export class Answers {
  readonly #output: FrameOutput;

  constructor(output: FrameOutput) {
    this.#output = output;
  }

  done(request: number): void {
    this.#output.send(emptyFrame(FrameType.Done, request));
  }

  doneWith(request: number, value: unknown): void {
    this.#output.send(jsonFrame(FrameType.Done, request, value));
  }

  failed(request: number, { kind, message, holder }: StoreError): void {
    this.#output.send(jsonFrame(FrameType.Failed, request, { kind, message, holder }));
  }

  /** To who takes new mail. */
  newMail(mail: NewMail): void {
    this.#output.send(newMailFrame(mail, (bytes) => this.#output.room(bytes)));
  }

  /** What no request asked for: the welcome, and questions of the store's own. */
  send(frame: Buffer): void {
    this.#output.send(frame);
  }
}
