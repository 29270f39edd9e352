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

/** A message as its owner sees it in a list. */
export interface ShownMail {
  /** As MailSummary has it. It grows from message to message of an account, and is never used again. */
  readonly id: number;
  readonly octets: number;
  readonly receivedAtMs: number;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Undefined before the message is in the index. */
  readonly cc: string | undefined;
  readonly subject: string | undefined;
  readonly messageId: string | undefined;
  /** Undefined before that is known. */
  readonly hasAttachments: boolean | undefined;
  /** Of the text, a few hundred characters as far as they are decoded; undefined before that. */
  readonly beginning: string | undefined;
}

/** Words that stand side by side, whatever their case and their accents. */
export interface MailPhrase {
  /** A header field; without one, any of these or the text. */
  readonly field?: 'from' | 'to' | 'cc' | 'subject' | undefined;
  readonly text: string;
}

/** What a message must be to be found. */
export interface MailQuery {
  /** Of each of these one phrase at least is in it. */
  readonly all: readonly (readonly MailPhrase[])[];
  /** None of these is. */
  readonly none: readonly MailPhrase[];
  readonly hasAttachment?: boolean | undefined;
  /** Received then or later. */
  readonly fromMs?: number | undefined;
  /** Received earlier. */
  readonly beforeMs?: number | undefined;
  readonly moreThanOctets?: number | undefined;
  readonly lessThanOctets?: number | undefined;
}

/** Where a page of what is found begins, and how much is wanted. */
export interface PageRange {
  /** `next` of the page before. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface MailPage {
  /** Newest first; of a search that takes long, none or a few, though there may be more behind `next`. */
  readonly entries: readonly MailSummary[];
  /** Undefined at the end. */
  readonly next: number | undefined;
}

/** The messages of accounts, as administration sees them. Lists come in pages, as those of the directory do, each behind a message. */
export interface Mailboxes {
  /** How many messages an account holds; undefined when there is none. */
  countMail(address: Address): MaybePromise<number | undefined>;
  listMail(address: Address, after?: MailSummary): MaybePromise<readonly MailSummary[]>;
  /** The ids of messages, newest first: `limit` of them, a few hundred at most, behind the `start` newest. */
  newestMail(
    address: Address,
    range: { readonly start: number; readonly limit: number },
  ): MaybePromise<readonly number[]>;
  /** Those of these that are there, in the order given; a few hundred at most. */
  showMail(address: Address, ids: readonly number[]): MaybePromise<readonly ShownMail[]>;
  /** The message of this number, from 1. */
  findMail(address: Address, number: number): MaybePromise<MailSummary | undefined>;
  /**
   * Of each key when a message of it was imported (deliveries.ts, `Imported`), whether it is still there or not: 0 for one of before
   * that was kept, undefined where none was.
   */
  findImported(address: Address, keys: readonly Uint8Array[]): MaybePromise<readonly (number | undefined)[]>;
  /** As RETR would send it: trace headers and body. */
  readMail(address: Address, id: number): MaybePromise<Source>;
  /** Of what the index has; messages come into it some time after they are stored, and no sooner than their text is decoded. */
  searchMail(address: Address, query: MailQuery, range: PageRange): MaybePromise<MailPage>;
  /** How many messages of all accounts are not in the index, or a few more. */
  countUnindexed(): MaybePromise<number>;
  /** Has the index brought up to date; with `anew`, it is emptied first. Resolves when that has begun. */
  indexMail(anew: boolean): Promise<void>;
}
