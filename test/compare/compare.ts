/**
 * Plays cases, some at a time, and gathers what differs by its kind. A difference is only believed when it shows again, with few
 * beside it and more patience: a busy machine is no silence.
 */
import type { Case } from './kinds.js';
import { play, PreludeError, type Played, type Ports } from './play.js';

export interface Found {
  readonly one: Case;
  readonly played: Played;
}

export interface Compared {
  readonly played: number;
  readonly differing: readonly Found[];
  /** Cases that could not be played, and why. */
  readonly failed: readonly string[];
}

const AT_A_TIME = 16;
const AGAIN_AT_A_TIME = 4;
const PATIENCE_MS = 1_500;
const MORE_PATIENCE_MS = 5_000;
const TRIES = 4;
const AGAIN_MS = 250;

export async function compareAll(
  cases: readonly Case[],
  ports: Ports,
  tell: (done: number) => void,
): Promise<Compared> {
  const suspects: Case[] = [];
  const turns = new MailboxTurns();
  const failed: string[] = [];
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    for (let one = cases[next++]; one !== undefined; one = cases[next++]) {
      const played = await turns.take(one.mailbox, () => attempt(one, ports, PATIENCE_MS));
      if (typeof played === 'string' || played.difference !== undefined) suspects.push(one);
      tell(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  const differing: Found[] = [];
  const again = async (): Promise<void> => {
    for (let one = suspects.shift(); one !== undefined; one = suspects.shift()) {
      const played = await turns.take(one.mailbox, () => attempt(one, ports, MORE_PATIENCE_MS));
      if (typeof played === 'string') failed.push(`${one.kind.name} (case ${one.number}): ${played}`);
      else if (played.difference !== undefined) differing.push({ one, played });
    }
  };
  await Promise.all(Array.from({ length: AGAIN_AT_A_TIME }, again));
  differing.sort((a, b) => a.one.number - b.one.number);
  return { played: cases.length, differing, failed };
}

/** One case after the other where they have the same mailbox: a maildrop is opened by one session at a time. */
class MailboxTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  take<T>(mailbox: string, play: () => Promise<T>): Promise<T> {
    const played = (this.#last.get(mailbox) ?? Promise.resolve()).then(play);
    this.#last.set(mailbox, played);
    return played;
  }
}

/** What was played, or why it could not be. */
async function attempt(one: Case, ports: Ports, patienceMs: number): Promise<Played | string> {
  for (let tries = 1; ; tries++) {
    try {
      return await play(one, ports, patienceMs);
    } catch (error) {
      if (tries === TRIES) return (error as Error).message;
      if (error instanceof PreludeError) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
