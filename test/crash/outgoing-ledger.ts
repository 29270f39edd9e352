/**
 * What was promised of mail to other domains, and what became of it: each 250 that a sender heard, and each copy that the next server
 * took. At the end it is held against the queue and the reports. It trusts nothing that the server says of itself.
 *
 * LOST: acknowledged, and neither taken by the next server, nor told to its sender, nor in the queue, or its copy here is gone. TORN:
 * other octets, or half of what must be whole. DUPLICATE: a second report, a report of what was never refused, or a copy that no sender
 * was killed over, beside another or beside a report. (Who is killed over a copy cannot note it: it is sent again, and may be refused.)
 */
import { hashOf, keyOf, nothingFound, type Findings } from '../support/ledger.js';

export interface Letter {
  readonly key: string;
  /** Elsewhere; no two letters share one. */
  readonly recipients: readonly string[];
  /** One copy goes to a maildrop here too. */
  readonly hasCopyHere: boolean;
  readonly octets: Buffer;
}

interface Sent {
  readonly letter: Letter;
  isAcknowledged: boolean;
}

/** What there is at the end. */
export interface Outcomes {
  readonly queued: ReadonlySet<string>;
  /** How many reports name this recipient as one that failed. */
  readonly reports: ReadonlyMap<string, number>;
  /** How many copies of the letter with this key are here. */
  readonly copiesHere: ReadonlyMap<string, number>;
}

export class OutgoingLedger {
  readonly #sent = new Map<string, Sent>();
  readonly #taken = new Map<string, number>();
  readonly #torn: string[] = [];
  /** At least once. */
  readonly #refused = new Set<string>();
  /** What happened to each recipient, in order, and to all. */
  readonly #history: { readonly recipient: string | undefined; readonly what: string }[] = [];
  /** How many senders were killed while they had it. */
  readonly #interrupted = new Map<string, number>();
  /** By the id that the server gave with its 250. */
  readonly ids = new Map<string, Letter>();
  acknowledged = 0;
  /** Copies that the next server took. */
  taken = 0;

  /** A letter is about to be sent to its end: from now on it may be queued. */
  attempt(letter: Letter): void {
    this.#sent.set(letter.key, { letter, isAcknowledged: false });
  }

  accepted(key: string, id: string): void {
    const sent = this.#sent.get(key) as Sent;
    sent.isAcknowledged = true;
    this.ids.set(id, sent.letter);
    this.acknowledged += 1;
  }

  /** Of a recipient, or of the server as a whole; told beside what is found. */
  happened(what: string, recipient?: string): void {
    this.#history.push({ recipient, what: `${what} at ${Math.round(performance.now())} ms` });
  }

  /** The next server has it, and what it answers may be on its way. */
  took(recipients: readonly string[], message: Buffer): void {
    const sent = this.#sent.get(keyOf(message))?.letter.octets;
    const isWhole = sent !== undefined && hashOf(message.subarray(-sent.length)) === hashOf(sent);
    for (const recipient of recipients) {
      this.happened('taken', recipient);
      if (!isWhole) this.#torn.push(`${recipient}: octets differ`);
      add(this.#taken, recipient);
      this.taken += 1;
    }
  }

  /** The next server is about to refuse it for good. */
  refused(recipient: string, why: string): void {
    this.happened(why, recipient);
    this.#refused.add(recipient);
  }

  /** A sender is about to be killed that has these. */
  interrupting(recipients: readonly string[]): void {
    for (const recipient of recipients) add(this.#interrupted, recipient);
  }

  hold(outcomes: Outcomes): Findings {
    const findings = { ...nothingFound(), torn: [...this.#torn], compared: this.taken };
    for (const sent of this.#sent.values()) {
      this.#holdCopiesHere(sent, outcomes, findings);
      for (const recipient of sent.letter.recipients) this.#holdRecipient(recipient, sent, outcomes, findings);
    }
    return findings;
  }

  /** The copy here and the rows of the queue are one transaction, acknowledged or not. */
  #holdCopiesHere({ letter, isAcknowledged }: Sent, outcomes: Outcomes, { lost, torn, duplicate }: Findings): void {
    const { key, recipients, hasCopyHere } = letter;
    const known = recipients.filter((recipient) => this.#isKnown(recipient, outcomes)).length;
    const here = outcomes.copiesHere.get(key) ?? 0;
    if (here > 1) duplicate.push(`${key}: ${here} copies here of one attempt`);
    if (isAcknowledged && hasCopyHere && here === 0) lost.push(`${key}: the copy here`);
    const isWhole = known === 0 ? here === 0 : known === recipients.length && here > 0 === hasCopyHere;
    if (!isAcknowledged && !isWhole) torn.push(`${key}: ${known} of ${recipients.length} elsewhere, ${here} here`);
  }

  #holdRecipient(recipient: string, { isAcknowledged }: Sent, outcomes: Outcomes, findings: Findings): void {
    const taken = this.#taken.get(recipient) ?? 0;
    const reports = outcomes.reports.get(recipient) ?? 0;
    if (isAcknowledged && !this.#isKnown(recipient, outcomes)) findings.lost.push(recipient);
    if (reports > 1) findings.duplicate.push(`${recipient}: ${reports} reports`);
    if (reports > 0 && !this.#refused.has(recipient))
      findings.duplicate.push(`${recipient}: reported as failed, and never refused: ${this.#storyOf(recipient)}`);
    const unnoted = Math.max(0, taken - (reports > 0 ? 0 : 1));
    const interrupted = this.#interrupted.get(recipient) ?? 0;
    if (unnoted > interrupted)
      findings.duplicate.push(
        `${recipient}: taken ${taken} times and reported ${reports} times, under way at ${interrupted} kills: ${this.#storyOf(recipient)}`,
      );
    findings.resent += unnoted;
  }

  #storyOf(recipient: string): string {
    const its = this.#history.filter((each) => each.recipient === undefined || each.recipient === recipient);
    return its.map(({ what }) => what).join(', ');
  }

  #isKnown(recipient: string, { queued, reports }: Outcomes): boolean {
    return this.#taken.has(recipient) || reports.has(recipient) || queued.has(recipient);
  }
}

export function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
