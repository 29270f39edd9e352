/** What the tables of attacks are written with: rows for several numbers of sessions, and lines that are sent over and over. */
import type { Attack } from './attack.js';

const BLOCK_BYTES = 64 * 1024;

export function each(counts: readonly number[], of: (sessions: number) => Attack): readonly Attack[] {
  return counts.map(of);
}

/** The lines, as often as they fit into a block. */
export function over(lines: readonly string[], end = '\r\n'): Buffer {
  const once = lines.map((line) => line + end).join('');
  return Buffer.from(once.repeat(Math.ceil(BLOCK_BYTES / once.length)));
}

export function plural(sessions: number): string {
  return sessions === 1 ? '1 session' : `${sessions} sessions`;
}
