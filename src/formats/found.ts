/** What is found in a mailbox that somebody else wrote: messages in order, each read when it is wanted, and again if need be. */

export interface FoundMessage {
  /** Where it stands, for people. */
  readonly place: string;
  /** As it lies there, for progress and limits. */
  readonly bytes: number;
  /** When it was received, as far as the mailbox says. */
  readonly receivedAtMs?: number | undefined;
  /** The sender of the envelope, as the mailbox has it; empty for the null reverse-path. */
  readonly reversePath?: string | undefined;
  readonly uidl?: string | undefined;
  /** What it is called where it comes from, and no other message ever; such a one is read once. Without it, it is known by its octets. */
  readonly name?: string | undefined;
  /** It is durable here, since then. */
  readonly taken?: (sinceMs: number) => void;
  /** Its octets from the first on, in pieces. Lines may end with LF or CRLF. @throws NoMail when they cannot be had */
  read(): AsyncIterable<Uint8Array>;
}

export interface FoundMail {
  /** What it was taken for: `an mbox (mboxrd)`. */
  readonly kind: string;
  /** The sum of what its messages count for (`bytes`), as far as it is known. */
  readonly bytes: number | undefined;
  /** Where what its messages do not say themselves stands, if there is such a file (side-file.ts). */
  readonly side: AsyncIterable<string> | undefined;
  /** Messages that are known to have come before, and are not among those that follow. */
  readonly passedOver?: number;
  messages(): AsyncIterable<FoundMessage> | Iterable<FoundMessage>;
  /** Resolves when all that was to be done there is done. */
  close(): Promise<void>;
}

/** What was named holds no mail that is understood here; the message is a sentence that says why. */
export class NoMail extends Error {}
