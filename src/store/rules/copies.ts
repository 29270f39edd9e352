/**
 * Which copies of a message are stored, by the quotas of their accounts and domains: judged in the order of the envelope, each with what
 * earlier copies add to the same account or domain (deliveries.ts says the rule). A copy for the queue has no quota.
 */
import type { Envelope, EnvelopeRecipient, LocalRecipient } from '../deliveries.js';
import type { StoreErrorKind } from '../errors.js';
import type { Held } from '../quotas.js';
import type { AccountId } from '../shapes.js';
import { NOTHING, sumOf, type QuotaHolder } from './quotas.js';

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
  /** Whose quotas count for a copy of this account: its own and its domain's, as far as they have one. @throws where there is no such account */
  quotasOf(account: AccountId): readonly QuotaHolder[];
  /** Whether it was imported before. */
  isKnown(copy: LocalRecipient): boolean;
}

export function judgeCopies(envelope: Envelope, judges: Judges): Copies | OverLimit {
  const places: Readonly<Record<Verdict, number[]>> = { taken: [], refused: [], known: [] };
  const judgement = new Judgement(envelope, judges);
  for (const [place, recipient] of envelope.recipients.entries()) places[judgement.verdictOn(recipient)].push(place);
  const { taken, refused, known } = places;
  if (taken.length === 0 && known.length === 0) return 'over-quota';
  if (envelope.perRecipient === true || known.length > 0) return { taken, refused: [...known, ...refused] };
  return judgement.isAbove ? 'over-quota-meanwhile' : { taken: [...envelope.recipients.keys()], refused: [] };
}

type Verdict = 'taken' | 'refused' | 'known';

/** What the accounts and domains of one envelope have left, recipient by recipient. */
class Judgement {
  readonly #judges: Judges;
  readonly #perRecipient: boolean;
  readonly #coming = new Map<QuotaHolder, Held>();
  /** Whether one would come above its quota by more than one message. */
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
    const holders = this.#judges.quotasOf(account);
    if (holders.length === 0) return 'taken';
    const copy = { messages: 1, octets: this.#judges.octetsOf(trace) };
    const isWithin = holders.every((holder) => holder.fits(sumOf(this.#comingTo(holder), copy)));
    this.isAbove ||= holders.some((holder) => !holder.fits(this.#comingTo(holder)));
    if (isWithin || !this.#perRecipient)
      for (const holder of holders) this.#coming.set(holder, sumOf(this.#comingTo(holder), copy));
    return isWithin ? 'taken' : 'refused';
  }

  #comingTo(holder: QuotaHolder): Held {
    return this.#coming.get(holder) ?? NOTHING;
  }
}
