/** Asks the store of a database for its status. */
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../../errors.js';
import { FrameType } from '../protocol/frames.js';
import type { StoreStatus } from '../../status.js';
import { locate } from '../database/location.js';
import { StoreClient } from './store-client.js';

/** A store that is there but busy answers within this; one that is stopped, or stuck in a failing disk, does not. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Undefined when no store runs on this database. @throws StoreError 'unavailable' when it does not answer. */
export async function readStatus(db: string): Promise<StoreStatus | undefined> {
  const client = new StoreClient(() => locate(db).socket);
  try {
    await client.connect();
  } catch {
    return undefined; // Nobody listens: that is the answer.
  }
  try {
    return (await Promise.race([client.askJson(FrameType.Status), noAnswer(db)])) as StoreStatus;
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
