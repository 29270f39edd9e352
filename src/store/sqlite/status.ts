/** What `pennypost status` shows: gathered by the store process from everybody connected to it. */
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../store.js';
import type { FileState } from './file-watch.js';
import { FrameType } from './frames.js';
import { locate } from './location.js';
import { StoreClient } from './store-client.js';

export interface ServerStatus {
  readonly supervisor: { readonly pid: number } | null;
  readonly store: { readonly pid: number; readonly startedAtMs: number } | null;
  readonly workers: readonly { readonly pid: number; readonly sessions: number }[];
  readonly listeners: readonly ({ readonly protocol: string } & (
    { readonly host: string; readonly port: number } | { readonly path: string; readonly mode: number }
  ))[];
  /** How often a process died and was started again since the supervisor started: more than a few ask for a look at the log. */
  readonly restarts: { readonly store: number; readonly workers: number };
  /** The last reload, if it failed; the configuration before it is in force. */
  readonly failedReload: { readonly atMs: number; readonly why: string } | null;
  /** Since the store process started. */
  readonly messagesAccepted: number;
  readonly walBytes: number;
  readonly db: string;
  /** Whether that path leads to the database that is served; when it does not, nothing is accepted. */
  readonly file: FileState;
}

/** A store that is there but busy answers within this; one that is stopped, or stuck in a failing disk, does not. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Undefined when no server runs on this database. @throws StoreError 'unavailable' when its store does not answer. */
export async function readStatus(db: string): Promise<ServerStatus | undefined> {
  const client = new StoreClient(() => locate(db).socket);
  try {
    await client.connect();
  } catch {
    return undefined; // Nobody listens: that is the answer.
  }
  try {
    return (await Promise.race([client.askJson(FrameType.Status), noAnswer(db)])) as ServerStatus;
  } finally {
    client.close();
  }
}

async function noAnswer(db: string): Promise<never> {
  await setTimeout(ANSWER_TIMEOUT_MS, undefined, { ref: false });
  throw new StoreError(
    'unavailable',
    `The store of ${db} does not answer; its process may be stopped, or its disk stuck`,
  );
}
