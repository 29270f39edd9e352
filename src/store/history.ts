/**
 * What came and who logged in, for people who look later. It is told and never answered, and nobody waits for it: what has not been
 * written yet is lost with its process, and of very many the rest is only counted.
 */

/** A login that was decided. */
export interface LoginRecord {
  readonly atMs: number;
  /** Undefined for a name that nobody has. */
  readonly account: string | undefined;
  /** Of the client. */
  readonly address: string;
  readonly protocol: string;
  readonly mechanism: string;
  /** The name of the app password; undefined for the account's own. */
  readonly credential: string | undefined;
  /** `refused`: too many failed before. */
  readonly outcome: 'accepted' | 'wrong' | 'refused';
  /** Why it was not accepted. */
  readonly reason: string | undefined;
}

/** When, and how it was answered. */
export interface Answered {
  readonly atMs: number;
  readonly code: number;
}

/** One recipient of a message, or a sender or recipient that was refused. */
export interface ArrivalRecord {
  /** Of the client. */
  readonly address: string;
  readonly helo: string;
  /** The version of TLS; undefined in clear. */
  readonly tls: string | undefined;
  /** The account that has logged in. */
  readonly login: string | undefined;
  readonly reversePath: string | undefined;
  readonly recipient: string | undefined;
  /** Of the message as it was sent. */
  readonly octets: number | undefined;
  /** The name of the message. */
  readonly id: string | undefined;
  readonly reply: string;
}

export interface History {
  recordLogin(login: LoginRecord): void;
  /** `tell` is asked only where it has a row of its own: most messages of a busy server are counted, and cost no more. */
  recordArrival(answered: Answered, tell: () => ArrivalRecord): void;
  /** Before this process ends: what was told is on its way when it returns. */
  flush(): void;
}
