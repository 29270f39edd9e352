/** How long a server may take, and how much it may say. What is above costs its connection, and nothing else. */

/** For whole replies, counted from when each is waited for: octets that trickle in gain no time. */
export interface Deadlines {
  /** All addresses of the host together. */
  readonly connectMs: number;
  readonly tlsMs: number;
  /** RFC 5321 §4.5.3.2.1. */
  readonly greetingMs: number;
  /** EHLO, STARTTLS, AUTH and each of its steps. RFC 5321 says nothing; as for MAIL. */
  readonly commandMs: number;
  /** RFC 5321 §4.5.3.2.2 and 3. */
  readonly mailMs: number;
  readonly rcptMs: number;
  /** RFC 5321 §4.5.3.2.4. */
  readonly dataMs: number;
  /** For each piece of a message to leave (RFC 5321 §4.5.3.2.5). */
  readonly blockMs: number;
  /** RFC 5321 §4.5.3.2.6. */
  readonly endOfDataMs: number;
  readonly resetMs: number;
  /** From MAIL to the last reply: no number of recipients or pieces, each just in time, holds a connection for longer. */
  readonly transactionMs: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

export const DEADLINES: Deadlines = {
  connectMs: 30 * SECOND_MS,
  tlsMs: 30 * SECOND_MS,
  greetingMs: 5 * MINUTE_MS,
  commandMs: 5 * MINUTE_MS,
  mailMs: 5 * MINUTE_MS,
  rcptMs: 5 * MINUTE_MS,
  dataMs: 2 * MINUTE_MS,
  blockMs: 3 * MINUTE_MS,
  endOfDataMs: 10 * MINUTE_MS,
  resetMs: 20 * SECOND_MS,
  transactionMs: 120 * MINUTE_MS,
};

/** RFC 5321 §4.5.3.1.5 allows 512; many say more. */
export const REPLY_LINE_LIMIT_BYTES = 4096;
export const REPLY_LINES_LIMIT = 200;
/** Of the text of a reply that goes into an outcome; the rest is left out. */
export const REPLY_TEXT_LIMIT = 1000;
/** What the user of a hash function may be made to compute at a login (RFC 5802 §9). */
export const SCRAM_ITERATIONS_LIMIT = 1_000_000;
