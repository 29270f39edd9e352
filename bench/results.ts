/** What was measured so far: for each scenario and peer one entry a round, figures or what went wrong. */
import type { FigureName, Figures } from './measure/figures.js';
import { advantage, median } from './measure/statistics.js';
import type { PeerName } from './peers/peer.js';
import type { Target } from './targets.js';

export interface Entry {
  readonly scenario: string;
  readonly peer: PeerName;
  readonly round: number;
  readonly figures?: Figures;
  readonly failure?: string;
}

export interface TargetResult {
  readonly target: Target;
  /** One for each round in which both were measured. */
  readonly ratios: readonly number[];
  /** Their median; undefined when nothing was measured. */
  readonly ratio: number | undefined;
  readonly met: boolean | undefined;
}

export class Results {
  readonly entries: Entry[] = [];

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  of(scenario: string, peer: PeerName): readonly Entry[] {
    return this.entries.filter((entry) => entry.scenario === scenario && entry.peer === peer);
  }

  /** The median over the rounds. */
  figure(scenario: string, peer: PeerName, name: FigureName): number | undefined {
    const values = this.of(scenario, peer).map(({ figures }) => figures?.[name]);
    return median(values.filter((value) => value !== undefined));
  }

  get failures(): readonly Entry[] {
    return this.entries.filter(({ failure }) => failure !== undefined);
  }

  judge(target: Target): TargetResult {
    const { scenario, figure, against, better, allowance = 0 } = target;
    const ratios = this.of(scenario, 'pennypost').flatMap(({ round, figures }) => {
      const theirs = this.of(against.scenario ?? scenario, against.peer).find((entry) => entry.round === round);
      const [ours, other] = [figures?.[figure], against.figure ?? theirs?.figures?.[figure]];
      const ratio = ours === undefined || other === undefined ? undefined : advantage(ours, other + allowance, better);
      return ratio === undefined ? [] : [ratio];
    });
    const ratio = median(ratios);
    return { target, ratios, ratio, met: ratio === undefined ? undefined : ratio >= target.atLeast };
  }
}
