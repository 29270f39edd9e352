/**
 * What is known of exported messages and has no place in their files: a line of JSON for each, in order (JSON Lines). It stands beside an
 * mbox as `FILE.pennypost.jsonl`, and among messages in files of their own as `pennypost.jsonl`. The hash tells whose line it is, and lets
 * anybody prove a message.
 */
import type { MessageFacts } from './mailbox.js';

export const SIDE_FILE = 'pennypost.jsonl';

export function besideMbox(path: string): string {
  return `${path}.${SIDE_FILE}`;
}

/** `file`: the name of the message's own file, where it has one. `sha256`: of the octets that RETR sends, in hexadecimal digits. */
export function sideLine(
  { uidl, receivedAtMs, octets, reversePath }: MessageFacts,
  sha256: string,
  file?: string,
): Buffer {
  const received = new Date(receivedAtMs).toISOString();
  return Buffer.from(
    `${JSON.stringify({ ...(file !== undefined && { file }), uidl, received, octets, reversePath, sha256 })}\n`,
  );
}
