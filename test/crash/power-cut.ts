/**
 * Cuts the power at chosen points of a recording, and holds what is left against what had been answered by then.
 */
import type { Chance } from '../support/ledger-chance.js';
import { Disk, type Loss } from './disk.js';
import { inspect, type Found, type Inspection } from './inspection.js';
import type { Recording, Traced } from './recording.js';
import type { TraceRecord } from './trace.js';

export interface CutReport {
  readonly images: number;
  /** Answers that were held against the images, in all. */
  readonly held: number;
  readonly lost: readonly string[];
  readonly risen: readonly string[];
  readonly torn: readonly string[];
}

export function cutPower(recording: Recording, cuts: number, chance: Chance): CutReport {
  const { acceptances, removals } = recording;
  const answers = [...acceptances.map(({ at }) => at), ...removals.flatMap(({ at }) => at ?? [])];
  const verdicts = new Verdicts(recording);
  cutAt(recording, { cuts, answers, chance }, (at, loss, inspection) => verdicts.hold(at, loss, inspection));
  return verdicts.report();
}

interface Cuts {
  readonly cuts: number;
  /** Where promises were made. */
  readonly answers: readonly number[];
  readonly chance: Chance;
}

/** Half of the cuts come right behind an answer, where a promise is youngest; the others anywhere. Two images of each. */
export function cutAt(
  { records }: Traced,
  { cuts, answers, chance }: Cuts,
  hold: (at: number, loss: Loss['kind'], inspection: Inspection) => void,
): void {
  const disk = new Disk();
  const first = Math.min(...answers);
  const points = Array.from({ length: cuts }, (_, cut) =>
    cut % 2 === 0 ? chance.pick(answers) + 1 : chance.between(first, records.length),
  );
  let applied = 0;
  for (const at of points.sort((a, b) => a - b)) {
    for (; applied < at; applied++) disk.apply(records[applied] as TraceRecord);
    const losses: readonly Loss[] = [
      { kind: 'drop' },
      { kind: 'sectors', octets: chance.happens(0.5) ? 512 : 4096, chance },
    ];
    for (const loss of losses) hold(at, loss.kind, inspect(disk.image(loss)));
  }
}

class Verdicts {
  readonly #recording: Recording;
  /** What a message is called in a maildrop: account and uid, to its key. */
  readonly #keys = new Map<string, string>();
  readonly #lost: string[] = [];
  readonly #risen: string[] = [];
  readonly #torn: string[] = [];
  #images = 0;
  #held = 0;

  constructor(recording: Recording) {
    this.#recording = recording;
    for (const account of recording.accounts)
      for (const [uidl, { key }] of recording.ledger.known(account))
        this.#keys.set(`${account} ${uidl.slice(uidl.lastIndexOf('.') + 1)}`, key);
  }

  hold(at: number, loss: string, { damage, found, removed }: Inspection): void {
    const where = `cut at ${at}, ${loss}`;
    this.#images += 1;
    for (const what of damage) this.#torn.push(`${where}: ${what}`);
    for (const { key, hash } of [...found, ...removed])
      if (this.#recording.ledger.sent(key)?.hash !== hash) this.#torn.push(`${where}: ${key}: bytes differ`);
    this.#holdAcceptances(at, where, { there: namesOf(found), kept: namesOf(removed) });
    this.#holdRemovals(at, where, found);
  }

  /** What was to be removed may be seen or kept, but it is not lost: it can be restored. */
  #holdAcceptances(cut: number, where: string, { there, kept }: Record<'there' | 'kept', ReadonlySet<string>>): void {
    const { acceptances, ledger } = this.#recording;
    const leaving = this.#removed(({ asked }) => asked < cut);
    for (const { at, id } of acceptances) {
      if (at >= cut) break;
      const key = ledger.ids.get(id) ?? '';
      for (const account of ledger.sent(key)?.accounts ?? []) {
        this.#held += 1;
        const name = `${account} ${id}`;
        const isKept = kept.has(name) && leaving.has(`${account} ${key}`);
        if (!there.has(name) && !isKept) this.#lost.push(`${where}: ${key} of ${account}`);
      }
    }
  }

  #holdRemovals(cut: number, where: string, found: readonly Found[]): void {
    const gone = this.#removed(({ at }) => at !== undefined && at < cut);
    this.#held += gone.size;
    for (const { account, key } of found)
      if (gone.has(`${account} ${key}`)) this.#risen.push(`${where}: ${key} of ${account}`);
  }

  /** Account and key of all that such QUITs were to remove. */
  #removed(such: (removal: Recording['removals'][number]) => boolean): ReadonlySet<string> {
    return new Set(
      this.#recording.removals.filter(such).flatMap(({ account, uids }) => {
        const address = this.#recording.accounts[account - 1] ?? '';
        return uids.map((uid) => `${address} ${this.#keys.get(`${address} ${uid}`) ?? uid}`);
      }),
    );
  }

  report(): CutReport {
    return { images: this.#images, held: this.#held, lost: this.#lost, risen: this.#risen, torn: this.#torn };
  }
}

function namesOf(found: readonly Found[]): ReadonlySet<string> {
  return new Set(found.map(({ account, id }) => `${account} ${id}`));
}
