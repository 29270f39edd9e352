/**
 * What a mailbox in files is to the rest of the program, whatever its format: something that messages are added to, or that they are
 * found in. A message is its octets as RETR sends them, and what is known of it besides.
 */

/** The kinds of files that mail is kept in elsewhere; `mboxo` and `mboxcl2` are read alone. */
export type WrittenFormat = 'mbox' | 'maildir' | 'eml' | 'zip';

/** What is known of a message besides its octets. */
export interface MessageFacts {
  readonly uidl: string;
  readonly receivedAtMs: number;
  /** What RETR sends. */
  readonly octets: number;
  /** Empty for the null reverse-path. */
  readonly reversePath: string;
}

/** A mailbox that is being written. Nothing stands under its name before `finish`. */
export interface MailboxWriter {
  /** The pieces are the octets of the message, its lines ended by CRLF. */
  add(facts: MessageFacts, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Resolves when all is on the disk and has its name. @throws TakenName when something has it by now, and stays as it is */
  finish(): Promise<void>;
  /** What was written so far goes. */
  abandon(): Promise<void>;
}

/** There is something of that name, and it is not to be replaced. */
export class TakenName extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`There is something at ${path}`);
    this.path = path;
  }
}
