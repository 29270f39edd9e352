/**
 * Cuts the power at chosen points of a recording of mail out. Of each recipient that had a 250 by then: it is in the queue, or its sender
 * was told, or it had been delivered; and one whose delivery was stored is not in the queue again.
 */
import type { Chance } from '../support/ledger-chance.js';
import type { Inspection } from './inspection.js';
import type { OutgoingRecording } from './outgoing-recording.js';
import { cutAt, type CutReport } from './power-cut.js';

export function cutPowerOfMailOut(recording: OutgoingRecording, cuts: number, chance: Chance): CutReport {
  const { acceptances, departures } = recording;
  const answers = [...acceptances.map(({ at }) => at), ...departures.flatMap(({ at }) => at ?? [])];
  const verdicts = new OutgoingVerdicts(recording);
  cutAt(recording, { cuts, answers, chance }, (at, loss, inspection) => verdicts.hold(at, loss, inspection));
  return verdicts.report();
}

class OutgoingVerdicts {
  readonly #recording: OutgoingRecording;
  readonly #lost: string[] = [];
  readonly #risen: string[] = [];
  readonly #torn: string[] = [];
  #images = 0;
  #held = 0;

  constructor(recording: OutgoingRecording) {
    this.#recording = recording;
  }

  hold(cut: number, loss: string, { damage, found, queued }: Inspection): void {
    const where = `cut at ${cut}, ${loss}`;
    this.#images += 1;
    for (const what of damage) this.#torn.push(`${where}: ${what}`);
    const waiting = new Set(queued.map(({ recipient }) => recipient));
    const told = new Set(found.flatMap(({ reports }) => reports));
    for (const recipient of told)
      if (waiting.has(recipient)) this.#torn.push(`${where}: ${recipient} was reported, and is in the queue`);
    const leaving = this.#recipients(({ asked }) => asked < cut);
    for (const recipient of this.#acknowledged(cut)) {
      this.#held += 1;
      if (!waiting.has(recipient) && !told.has(recipient) && !leaving.has(recipient))
        this.#lost.push(`${where}: ${recipient}`);
    }
    for (const recipient of this.#recipients(({ at }) => at !== undefined && at < cut)) {
      this.#held += 1;
      if (waiting.has(recipient)) this.#risen.push(`${where}: ${recipient}`);
    }
  }

  #acknowledged(cut: number): readonly string[] {
    const { acceptances, ledger } = this.#recording;
    return acceptances.flatMap(({ at, id }) => (at < cut ? (ledger.ids.get(id)?.recipients ?? []) : []));
  }

  /** Of all such departures. */
  #recipients(such: (departure: OutgoingRecording['departures'][number]) => boolean): ReadonlySet<string> {
    const { departures, recipients } = this.#recording;
    return new Set(departures.filter(such).flatMap(({ ids }) => ids.map((id) => recipients.get(id) ?? '')));
  }

  report(): CutReport {
    return { images: this.#images, held: this.#held, lost: this.#lost, risen: this.#risen, torn: this.#torn };
  }
}
