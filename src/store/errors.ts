/** How a store fails: as a StoreError with a kind. Anything else that leaves it is a bug. */

/** Who holds a maildrop: named to others who ask for it meanwhile. */
export interface Holder {
  /** The client's address and the session's id, for people. */
  readonly from: string;
}

/**
 * - `busy`: the store is behind; the same request may succeed in a moment.
 * - `full`: the disk or a size limit of the database is reached.
 * - `in-use`: another session holds the maildrop.
 * - `too-soon`: the same login opened the maildrop a moment ago.
 * - `over-quota`: the account, or its domain, may not hold more.
 * - `over-quota-meanwhile`: one of several recipients, or a domain, has come above its quota; without it the same request may succeed.
 * - `over-limit`: the account has sent to as many recipients in other domains as it may for now.
 * - `over-rate`: the device has sent as many messages as it may for now.
 * - `missing`: what was named is not there any more.
 * - `refused`: a change of the directory that makes no sense; the message says why.
 * - `unavailable`: the store cannot be reached or cannot write; nothing was done, or it is not known to be.
 * - `bug`: the store met a mistake of ours at this request, and did nothing of it; the same request would meet it again.
 */
export type StoreErrorKind =
  | 'busy'
  | 'full'
  | 'in-use'
  | 'too-soon'
  | 'over-quota'
  | 'over-quota-meanwhile'
  | 'over-limit'
  | 'over-rate'
  | 'missing'
  | 'refused'
  | 'unavailable'
  | 'bug';

/** Who holds a maildrop, and since when. */
export interface HolderSince extends Holder {
  readonly sinceMs: number;
}

/** What is to be done about a database that holds what nobody wrote. */
export const DAMAGE_REMEDY =
  'stop the server, look at the disk, and restore a backup or recover what can be read (docs/operations.md)';

export class StoreError extends Error {
  readonly kind: StoreErrorKind;
  /** With 'in-use'. */
  readonly holder: HolderSince | undefined;
  /** Of one that reads: what it met is damaged, and so it is the next time. */
  readonly isDamage: boolean;

  constructor(
    kind: StoreErrorKind,
    message: string,
    details?: { readonly cause?: unknown; readonly holder?: HolderSince; readonly isDamage?: boolean },
  ) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StoreError';
    this.kind = kind;
    this.holder = details?.holder;
    this.isDamage = details?.isDamage ?? false;
  }
}
