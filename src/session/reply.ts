/**
 * What goes back to a client, as both protocols see it: the first bytes, encoded once,
 * and for long answers more bytes that are made only as fast as the client takes them.
 */
import type { Source } from '../store/source.js';

export interface Reply {
  /** Complete lines, each ended by CRLF. */
  readonly head: Uint8Array;
  /** Follows the head; pulled piece by piece under back-pressure. May throw or reject: then the connection is closed. */
  readonly body?: Source;
  /** True when the body is a message, whose text no log may show. */
  readonly confidential?: boolean;
  /** Counts against the session's error limit. */
  readonly failed: boolean;
}

const MINUTE_MS = 60_000;

/** How long a refused client is to wait, for people. */
export function inMinutes(ms: number): string {
  const count = Math.ceil(ms / MINUTE_MS);
  return count === 1 ? 'a minute' : `${count} minutes`;
}
