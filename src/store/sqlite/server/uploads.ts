/**
 * Messages that come over one connection: a small one in one frame, a larger one in chunks and a commit. Each becomes a write,
 * which is answered when it is durable. What never came to its end is dropped when the connection closes.
 */
import type { Buffer } from 'node:buffer';
import { StoreError } from '../../errors.js';
import { CHUNK_BYTES, FrameError, requireLength, UPLOAD_BYTES } from '../protocol/frames.js';
import { readMetadata, type MessageMetadata } from '../protocol/message-frame.js';
import type { Answers } from './answers.js';
import { unanswered } from './group.js';
import type { ServedStore } from './served-store.js';
import type { Posted } from './writer.js';

/** A message whose chunks are still coming, by the name its sender gave it. */
interface Upload {
  readonly body: number;
  chunks: number;
  octets: number;
  /** A chunk was not stored, so the message must not be either. */
  failed?: StoreError;
}

type Store = Pick<ServedStore, 'add' | 'nextBody' | 'countAccepted' | 'undecoded'>;

export class Uploads {
  readonly #store: Store;
  readonly #answers: Answers;
  readonly #takeBack: (payload: Buffer) => void;
  readonly #open = new Map<number, Upload>();

  /** `takeBack` gets the memory of a chunk that is stored. */
  constructor(store: Store, answers: Answers, takeBack: (payload: Buffer) => void) {
    this.#store = store;
    this.#answers = answers;
    this.#takeBack = takeBack;
  }

  /** A message in one frame. @throws FrameError, as all of these do */
  deliver(request: number, payload: Buffer): void {
    const { metadata, body } = readMetadata(payload);
    if (body.length > CHUNK_BYTES || body.length !== metadata.octets)
      throw new FrameError('a message that is not as long as it should be');
    const id = this.#store.nextBody();
    let posted: Posted = [];
    this.#store.add({
      act: (writer) => void (posted = writer.post(id, metadata, body)),
      bytes: body.length,
      done: () => this.#posted(request, metadata, posted),
      failed: (error) => this.#answers.failed(request, error),
    });
  }

  chunk(request: number, payload: Buffer): void {
    const name = payload.readUInt32BE(0);
    const upload: Upload = this.#open.get(name) ?? { body: this.#store.nextBody(), chunks: 0, octets: 0 };
    this.#open.set(name, upload);
    const { body } = upload;
    const seq = upload.chunks++;
    const octets = payload.subarray(UPLOAD_BYTES);
    if (octets.length === 0 || octets.length > CHUNK_BYTES) throw new FrameError(`a chunk of ${octets.length} octets`);
    upload.octets += octets.length;
    this.#store.add({
      act: (writer) => {
        requireWhole(upload);
        writer.chunk(body, seq, octets);
      },
      bytes: octets.length,
      deferrable: true, // The message's end is what is promised.
      done: () => {
        this.#takeBack(payload);
        this.#answers.done(request);
      },
      failed: (error) => {
        upload.failed = error;
        this.#answers.failed(request, error);
      },
    });
  }

  commit(request: number, payload: Buffer): void {
    const name = payload.readUInt32BE(0);
    const upload = this.#open.get(name);
    if (upload === undefined)
      return this.#answers.failed(request, new StoreError('unavailable', 'there is no such upload'));
    this.#open.delete(name);
    const { metadata, body } = this.#metadataOf(upload, payload.subarray(UPLOAD_BYTES));
    if (body.length > 0) throw new FrameError('a frame goes on after its end');
    if (metadata.octets === upload.octets) this.#finish(request, upload, metadata);
    else this.#tear(request, upload);
  }

  abort(payload: Buffer): void {
    requireLength(payload, UPLOAD_BYTES);
    const name = payload.readUInt32BE(0);
    const upload = this.#open.get(name);
    this.#open.delete(name);
    if (upload !== undefined) this.#drop(upload);
  }

  /** The connection is gone. */
  close(): void {
    for (const upload of this.#open.values()) this.#drop(upload);
    this.#open.clear();
  }

  /** With what cannot be read its chunks go. */
  #metadataOf(upload: Upload, payload: Buffer): ReturnType<typeof readMetadata> {
    try {
      return readMetadata(payload);
    } catch (error) {
      this.#drop(upload);
      throw error;
    }
  }

  #finish(request: number, upload: Upload, metadata: MessageMetadata): void {
    let posted: Posted = [];
    this.#store.add({
      act: (writer) => {
        requireWhole(upload); // Known only now: the commit may have come right behind the chunk that failed.
        posted = writer.finish(upload.body, metadata);
      },
      bytes: 0,
      done: () => this.#posted(request, metadata, posted),
      failed: (error) => {
        this.#drop(upload); // Its chunks were committed before it.
        this.#answers.failed(request, error);
      },
    });
  }

  /** Never stored: a message of which some octets are missing. */
  #tear(request: number, upload: Upload): void {
    this.#drop(upload);
    this.#answers.failed(request, new StoreError('unavailable', 'octets of the message are missing'));
  }

  /** A message that is over a limit was not written: no other write of its group had to be taken back for it. */
  #posted(request: number, { summary }: MessageMetadata, refusedAt: Posted): void {
    if (typeof refusedAt === 'string')
      return this.#answers.failed(
        request,
        new StoreError(
          refusedAt,
          'a mailbox would be above its quota, an account above its limits, or a device above its rate',
        ),
      );
    this.#store.countAccepted();
    if (summary.decodes) this.#store.undecoded();
    if (refusedAt.length === 0) this.#answers.done(request);
    else this.#answers.doneWith(request, refusedAt);
  }

  #drop({ body, octets }: Upload): void {
    this.#store.add(unanswered((writer) => writer.drop(body, octets)));
  }
}

function requireWhole({ failed }: Upload): void {
  if (failed !== undefined) throw failed;
}
