/**
 * Runs the index writer (index-writer.ts) behind all else: a few milliseconds of it in a group, then a pause many times as long in
 * which others are served, longer still while mail keeps coming. Between two steps that add stands one that merges, as long as
 * there is something to merge. Nobody waits for it; what is left when the store ends is done by the next.
 */
import type { StoreError } from '../../errors.js';
import type { GroupCommit } from './group.js';
import type { Indexed, IndexWriter } from './index-writer.js';
import type { Writer } from './writer.js';

/** What adding may take of the store's time at once; to write what was added takes as long again. */
const STEP_MS = 4;
/** How long messages gather before the first is added: many at once make a smaller index than one by one. */
const GATHER_MS = 1_000;
/** How long others are served, in times of what a step took: less where somebody waits for the index, more where mail keeps coming. */
const PAUSE = { asked: 3, quiet: 20, busy: 100 } as const;
/** More commits of others than one in so many milliseconds: the store is busy. */
const BUSY_COMMIT_MS = 20;
/** Of a full disk, a shell that holds the database, a damaged index. */
const RETRY_MS = 30_000;
/** What a step writes to the WAL, roughly: checkpoints follow from it. */
const STEP_BYTES = 512 * 1024;

export interface IndexerOptions {
  readonly group: GroupCommit;
  /** Whether messages are added by themselves; else only when somebody asks. */
  readonly isOn: boolean;
  /** The disk is nearly full: what room there is, is for mail. */
  readonly isShort: () => boolean;
  read<T>(ask: (writer: Writer) => T): T;
  trouble(what: string, details: object): void;
}

type Job = 'skip' | 'add' | 'merge';

export class Indexer {
  readonly #options: IndexerOptions;
  #timer: NodeJS.Timeout | undefined;
  #isAtWork = false;
  #isClosed = false;
  /** Until all is in the index. */
  #isAsked = false;
  #last: Job | undefined;
  /** Of others, since the last step. */
  #commits = 0;
  #steppedAtMs = performance.now();
  /** What comes next cannot be added. */
  #skips = false;

  constructor(options: IndexerOptions) {
    this.#options = options;
  }

  /** Something was committed: by others, or the last step. `isScattered`: also of what the index has. */
  committed(isScattered: boolean): void {
    this.#commits += 1;
    if ((this.#adds || isScattered) && !this.#isAtWork) this.#stepIn(GATHER_MS);
  }

  /** Adds what is not in the index, as long as there is some; also what failed is tried again now. */
  request(): void {
    this.#isAsked = true;
    if (this.#isAtWork && this.#timer === undefined) return; // A step is under way.
    clearTimeout(this.#timer);
    this.#stepIn(0);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  get #adds(): boolean {
    return this.#options.isOn || this.#isAsked;
  }

  #stepIn(ms: number): void {
    this.#isAtWork = !this.#isClosed;
    if (this.#isAtWork) this.#timer = setTimeout(() => this.#step(), ms).unref();
  }

  #step(): void {
    this.#timer = undefined;
    const job = this.#next();
    this.#isAtWork = job !== undefined;
    this.#last = job;
    if (job === undefined) this.#isAsked = false;
    else this.#take(job);
  }

  #take(job: Job): void {
    let began = 0;
    let outcome: Indexed = 'a part';
    this.#options.group.add({
      act: (writer) => {
        began = performance.now();
        if (job === 'skip') this.#skip(writer);
        else if (job === 'merge') writer.index.merge();
        else outcome = writer.index.add(STEP_MS);
      },
      done: () => this.#stepped(outcome, performance.now() - began),
      failed: (error) => this.#failed(error, job),
      bytes: STEP_BYTES,
      deferrable: true, // What a power cut takes away is added again.
    });
  }

  /** What cannot be read keeps nobody from being served. */
  #next(): Job | undefined {
    try {
      return this.#options.read(({ index }) => this.#jobOf(index));
    } catch {
      return undefined;
    }
  }

  #jobOf({ waiting, isScattered }: IndexWriter): Job | undefined {
    const isAdding = this.#adds && waiting > 0 && !this.#options.isShort();
    if (isAdding && this.#skips) return 'skip';
    if (isScattered && !(isAdding && this.#last === 'merge')) return 'merge';
    return isAdding ? 'add' : undefined;
  }

  #skip({ index }: Writer): void {
    this.#options.trouble('a message cannot be added to the search index, and is left out', { body: index.skip() });
  }

  #stepped(outcome: Indexed, tookMs: number): void {
    this.#skips = false;
    const pause = this.#pause;
    this.#steppedAtMs = performance.now();
    this.#commits = -1; // This one is told of next.
    this.#stepIn(outcome === 'undecoded' ? GATHER_MS : Math.ceil(tookMs * pause));
  }

  get #pause(): number {
    if (this.#commits * BUSY_COMMIT_MS > performance.now() - this.#steppedAtMs) return PAUSE.busy;
    return this.#isAsked ? PAUSE.asked : PAUSE.quiet;
  }

  /** Told by the group's observer. */
  #failed({ kind }: StoreError, job: Job): void {
    this.#skips = kind === 'bug' && job === 'add';
    this.#stepIn(RETRY_MS);
  }
}
