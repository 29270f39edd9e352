/**
 * What the accounts of each domain with a quota hold together: kept as the counters of accounts are (mailbox-counters.ts), and
 * written before a group commits. Of a domain without a quota nothing is counted.
 */
import type { Held } from '../../quotas.js';
import type { Writes } from '../database/writes.js';
import { Holding, type Limits } from './holding.js';

/** Domains that are remembered; when there are more, they are read again. */
const KNOWN_LIMIT = 10_000;

export class DomainCounters {
  readonly #writes: Writes;
  /** Undefined for one without a quota. */
  readonly #known = new Map<number, Holding | undefined>();
  readonly #changed = new Map<number, Holding>();

  constructor(writes: Writes) {
    this.#writes = writes;
  }

  /** Undefined where the domain has no quota. */
  of(domain: number): Holding | undefined {
    const known = this.#known.get(domain);
    if (known !== undefined || this.#known.has(domain)) return known;
    const row = this.#writes.domainCounters.get(domain);
    const holding = row && new Holding({ messages: row[0], octets: row[1] }, [row[2], row[3]]);
    this.#known.set(domain, holding);
    return holding;
  }

  /** Its accounts hold so much more, or less. */
  add(domain: number, more: Held): void {
    const holding = this.of(domain);
    if (holding === undefined) return;
    holding.add(more);
    this.#changed.set(domain, holding);
  }

  /** As `count`. */
  setQuota(domain: number, [octets, messages]: Limits): void {
    this.#writes.setDomainQuota.run(octets, messages, domain);
    this.count(domain);
  }

  /** The counters of accounts are written: what the domain holds is counted by them. */
  count(domain: number): void {
    this.#writes.countDomain.run(domain);
    this.forget(domain);
  }

  /** It is read again, or has gone. */
  forget(domain: number): void {
    this.#known.delete(domain);
    this.#changed.delete(domain);
  }

  /** Before COMMIT. */
  flush(): void {
    for (const [domain, { messages, octets }] of this.#changed)
      this.#writes.setDomainCounters.run(messages, octets, domain);
    this.#changed.clear();
    if (this.#known.size > KNOWN_LIMIT) this.#known.clear(); // All of it is written.
  }

  /** After ROLLBACK. */
  forgetAll(): void {
    this.#known.clear();
    this.#changed.clear();
  }
}
