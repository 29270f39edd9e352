/** One line when a next hop becomes a problem, and one when it is none any more: what `pennypost status` says meanwhile. */
import type { Log } from '../log/log.js';
import { nameOfEndpoint } from './client/next-hop.js';
import { keyOf } from './hop.js';
import type { HopProblem } from './hop-problems.js';

export class ProblemLog {
  readonly #log: Pick<Log, 'warn' | 'info'>;
  /** Those that a line was written of, by hop. */
  #known: ReadonlyMap<string, HopProblem> = new Map();

  constructor(log: Pick<Log, 'warn' | 'info'>) {
    this.#log = log;
  }

  /** At all that there are now. */
  look(problems: readonly HopProblem[]): void {
    const now = new Map(problems.map((problem) => [keyOf(problem.hop), problem]));
    for (const [key, { hop, sentence }] of now)
      if (!this.#known.has(key)) this.#log.warn({ host: hostOf(hop) }, sentence);
    for (const [key, { hop }] of this.#known)
      if (!now.has(key))
        this.#log.info(
          { host: hostOf(hop) },
          'the next hop takes mail again, or is used no more, or with another login',
        );
    this.#known = now;
  }
}

function hostOf({ endpoint }: HopProblem['hop']): string {
  return nameOfEndpoint(endpoint);
}
