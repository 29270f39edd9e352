/**
 * One worker, supervisor or command, as the store sees it: reads its frames and hands each to who takes it (frame-table.ts).
 * Garbage closes the connection; mail with a text that is not taken fails alone. Closing it frees its maildrops and drops its unfinished messages.
 */
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Concerned } from '../../driver.js';
import { StoreError } from '../../errors.js';
import { ShapeError } from '../protocol/checks.js';
import { FrameOutput } from '../protocol/frame-output.js';
import { emptyFrame, FrameError, FrameReader, FrameType, isHello, type Frame } from '../protocol/frames.js';
import { Answers } from './answers.js';
import { ClientRequests } from './client-requests.js';
import { frames, type FrameTakers } from './frame-table.js';
import { Questions } from './questions.js';
import { SenderRequests } from './sender-requests.js';
import type { ServedStore } from './served-store.js';
import { Uploads } from './uploads.js';

/** A process that connects says who it is within this, or is no process of ours. */
const HELLO_TIMEOUT_MS = 10_000;
/** Answers that the other side does not take: one that asks and never reads is broken. */
const OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024;

export class StoreConnection {
  readonly #store: ServedStore;
  readonly #socket: Socket;
  readonly #output: FrameOutput;
  readonly #reader = new FrameReader();
  readonly #answers: Answers;
  readonly #takers: FrameTakers;
  /** Runs until the first frame has come. */
  #stranger: NodeJS.Timeout | undefined;

  constructor(socket: Socket, store: ServedStore, gone: (error?: Error) => void) {
    this.#store = store;
    this.#socket = socket;
    this.#output = new FrameOutput(socket);
    this.#answers = new Answers(this.#output);
    this.#takers = this.#makeTakers();
    this.#stranger = setTimeout(
      () => socket.destroy(new FrameError('a connection that says nothing')),
      HELLO_TIMEOUT_MS,
    );
    let broken: Error | undefined;
    store.reads.begin(socket, (bytes) => this.#read(bytes));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') broken = error;
    });
    socket.on('close', () => {
      this.#end();
      gone(broken);
    });
  }

  /** Resolves when the other side has forgotten the old directory and ended whose login does not stand; one that does not answer in time is cut off, and so forgets. */
  changed(concerned: Concerned, timeoutMs: number): Promise<void> {
    return this.#takers.questions.changed(concerned, timeoutMs, () => this.#socket.destroy());
  }

  /** Sends what was answered. */
  flush(): void {
    this.#output.flush();
  }

  /** Sends what was answered, then closes. */
  close(): void {
    this.flush();
    this.#socket.destroySoon();
  }

  #makeTakers(): FrameTakers {
    const questions = new Questions(this.#answers);
    const requests = new ClientRequests({
      store: this.#store,
      answers: this.#answers,
      owner: questions,
      broke: (error) => this.#socket.destroy(error),
    });
    const uploads = new Uploads(this.#store, this.#answers, (payload) => this.#reader.takeBack(payload));
    const sender = new SenderRequests(this.#store, this.#answers);
    return { uploads, requests, questions, sender };
  }

  #read(bytes: Buffer): void {
    try {
      this.#reader.push(bytes, (frame) => this.#receive(frame));
      this.#store.requireRoom(this, this.#reader.waitingBytes);
      if (this.#output.waitingBytes > OUTPUT_LIMIT_BYTES) throw new FrameError('answers that nobody reads');
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  #receive(frame: Frame): void {
    if (this.#socket.destroyed) return;
    if (this.#stranger === undefined) return this.#take(frame);
    if (!isHello(frame)) throw new FrameError('a connection that does not say who it is');
    clearTimeout(this.#stranger);
    this.#stranger = undefined;
    this.#answers.send(emptyFrame(FrameType.Welcome, 0)); // From here on it hears of every change.
  }

  #take({ type, request, payload }: Frame): void {
    const row = frames.get(type);
    if (row === undefined) throw new FrameError(`a frame of type ${type}`);
    const { refusal } = this.#store;
    if (refusal !== undefined && row.writes === true) this.#answers.failed(request, refusal);
    else
      try {
        row.take(this.#takers, request, payload);
      } catch (error) {
        if (row.carriesMail !== true || !(error instanceof ShapeError)) throw error;
        this.#store.trouble('a request is of a shape that is not taken', error);
        this.#answers.failed(request, new StoreError('bug', error.message));
      }
  }

  /** Who waits for it on this side hears so first; then its locks are free, and its messages that never came to an end go. */
  #end(): void {
    const { questions, requests, uploads, sender } = this.#takers;
    clearTimeout(this.#stranger);
    questions.close();
    requests.close();
    uploads.close();
    sender.close();
  }
}
