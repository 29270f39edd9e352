/** Administration: the messages of accounts, without a session of their own. */
import type { Address, MaybePromise } from './shapes.js';
import type { Source } from './source.js';

/** A message as administration shows it; `number` counts from 1 within the account, oldest first. */
export interface MailSummary {
  readonly id: number;
  readonly number: number;
  readonly uidl: string;
  readonly octets: number;
  readonly receivedAtMs: number;
  /** Of the envelope; empty for the null reverse-path. */
  readonly reversePath: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly subject: string | undefined;
}

/** The messages of accounts, as administration sees them. Lists come in pages, as those of the directory do, each behind a message. */
export interface Mailboxes {
  /** How many messages an account holds; undefined when there is none. */
  countMail(address: Address): MaybePromise<number | undefined>;
  listMail(address: Address, after?: MailSummary): MaybePromise<readonly MailSummary[]>;
  /** The message of this number, from 1. */
  findMail(address: Address, number: number): MaybePromise<MailSummary | undefined>;
  /** Of each key whether a message of it was imported (deliveries.ts, `Imported`), whether it is still there or not. */
  findImported(address: Address, keys: readonly Uint8Array[]): MaybePromise<readonly boolean[]>;
  /** As RETR would send it: trace headers and body. */
  readMail(address: Address, id: number): MaybePromise<Source>;
}
