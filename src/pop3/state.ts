/**
 * Where a POP3 session stands (RFC 1939 §3). The maildrop exists only in the state that holds it.
 * The UPDATE state is QUIT itself: it removes, answers and closes.
 */
import type { Grant } from '../store/logins.js';
import type { Maildrop } from '../store/maildrops.js';
import type { Listing } from './listing.js';

export interface Authorization {
  readonly at: 'authorization';
  /** The name that USER gave; PASS uses it up. */
  readonly user?: string;
}

export interface Transaction {
  readonly at: 'transaction';
  readonly grant: Grant;
  /** After so many days the account's mail is removed; undefined for never. */
  readonly expireDays: number | undefined;
  readonly maildrop: Maildrop;
  readonly listing: Listing;
}

export type Pop3State = Authorization | Transaction;

export const authorization: Authorization = { at: 'authorization' };
