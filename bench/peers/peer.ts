/**
 * What the benchmark needs of a server: whether it is installed, a private instance in a directory of its own,
 * maildrops filled before anything is measured, and its settings in words for the report.
 */
import type { Login } from '../load/smtp-client.js';

export type PeerName = 'pennypost' | 'postfix' | 'dovecot' | 'dovecot-tuned' | 'postfix+dovecot' | 'smtp-sink' | 'node';

export interface Peer {
  readonly name: PeerName;
  readonly title: string;
  /** Each a sentence for docs/performance.md. */
  readonly settings: readonly string[];
  /** Why it cannot take part here, in words; undefined when it can. */
  missing(): string | undefined;
  version(): Promise<string>;
  /** In a directory that is empty or was used by an instance of the same peer before. */
  start(home: string, options: StartOptions): Promise<Instance>;
}

export interface StartOptions {
  readonly workers: number;
  /** More of what Pennypost is started with. */
  readonly flags?: readonly string[];
  /** Mail for other domains is queued, and goes to the instance's `relayPort`. */
  readonly sends?: boolean;
  /** So many recipients of other domains wait in a new home. */
  readonly waiting?: Waiting;
}

export interface Waiting {
  readonly recipients: number;
  readonly destinations: number;
  /** Their next server is dead: they are due, and nothing is tried before the next probe. */
  readonly isDead: boolean;
}

export interface Instance {
  /** Everything that descends from these is the server. */
  readonly roots: readonly number[];
  readonly smtpPort?: number;
  /** Where mail for other domains is taken; the smtpPort unless told. */
  readonly submissionPort?: number;
  readonly lmtpPort?: number;
  readonly pop3Port?: number;
  /** Where nothing listens yet: what goes to other domains is sent there. */
  readonly relayPort?: number;
  /** Whoever sends to other domains has to log in so. */
  readonly login?: Login;
  /** Puts messages into maildrops, by whatever way is quick; never while something is measured. */
  readonly fill?: (fill: Fill) => Promise<void>;
  /** Resolves when all that was accepted has been delivered, and sent on. */
  readonly settle: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface Fill {
  /** Local parts. Each gets all the messages. */
  readonly accounts: readonly string[];
  readonly messages: number;
  readonly octets: number;
}
