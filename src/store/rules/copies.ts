/**
 * Which copies of a message are stored, by the quotas of their accounts: judged in the order of the envelope, each with what
 * earlier copies add to the same account (deliveries.ts says the rule). A copy for the queue has no quota.
 */
import type { Envelope, EnvelopeRecipient, LocalRecipient } from '../deliveries.js';
import type { StoreErrorKind } from '../errors.js';
import type { AccountId } from '../shapes.js';

/** Why a message is stored for nobody, though each of its recipients is there. */
export type OverLimit = Extract<StoreErrorKind, 'over-quota' | 'over-quota-meanwhile' | 'over-limit' | 'over-rate'>;

/** Positions in an envelope. */
export interface Copies {
  readonly taken: readonly number[];
  readonly refused: readonly number[];
}

export interface Judges {
  /** What RETR sends of a copy with these trace headers. */
  octetsOf(trace: Uint8Array): number;
  /** Whether so many octets more are within the account's quota. @throws where there is no such account */
  fits(account: AccountId, octets: number): boolean;
  /** Whether it was imported before. */
  isKnown(copy: LocalRecipient): boolean;
}

export function judgeCopies(envelope: Envelope, judges: Judges): Copies | OverLimit {
  const places: Readonly<Record<Verdict, number[]>> = { taken: [], refused: [], known: [] };
  const room = new Room(envelope, judges);
  for (const [place, recipient] of envelope.recipients.entries()) places[room.verdictOn(recipient)].push(place);
  const { taken, refused, known } = places;
  if (taken.length === 0 && known.length === 0) return 'over-quota';
  if (envelope.perRecipient === true || known.length > 0) return { taken, refused: [...known, ...refused] };
  return room.isAbove ? 'over-quota-meanwhile' : { taken: [...envelope.recipients.keys()], refused: [] };
}

type Verdict = 'taken' | 'refused' | 'known';

/** What the accounts of one envelope have left, recipient by recipient. */
class Room {
  readonly #judges: Judges;
  readonly #perRecipient: boolean;
  readonly #coming = new Map<AccountId, number>();
  /** Whether an account would come above its quota by more than one message. */
  isAbove = false;

  constructor({ perRecipient = false }: Envelope, judges: Judges) {
    this.#judges = judges;
    this.#perRecipient = perRecipient;
  }

  verdictOn(recipient: EnvelopeRecipient): Verdict {
    if (recipient.kind === 'remote') return 'taken';
    const { imported } = recipient;
    if (imported === undefined) return this.#verdictOn(recipient);
    if (this.#judges.isKnown(recipient)) return 'known';
    return imported.ignoresQuota ? 'taken' : this.#verdictOn(recipient);
  }

  #verdictOn({ account, trace }: LocalRecipient): Verdict {
    const before = this.#coming.get(account) ?? 0;
    const octets = before + this.#judges.octetsOf(trace);
    const isWithin = this.#judges.fits(account, octets);
    this.isAbove ||= !this.#judges.fits(account, before);
    if (isWithin || !this.#perRecipient) this.#coming.set(account, octets);
    return isWithin ? 'taken' : 'refused';
  }
}
