/** How far the care of a database is, on standard error: a step after another, each with its own bar or lines. */
import { constants, setPriority } from 'node:os';
import type { Progress as Report } from '../store/maintenance.js';
import { Progress } from './progress.js';

type Step = Parameters<Report>[0];

/** What each step counts; SQLite's look at the pages is one that nobody sees into. */
const SHOWN: Readonly<Record<Step, string | undefined>> = {
  pages: undefined,
  mail: 'bodies compared',
  copy: 'MiB copied',
};

/** Shows how far `work` says that it is. It takes what a server on this machine leaves: mail that comes in goes first. */
export async function steps<T>(work: (report: Report) => Promise<T>): Promise<T> {
  let shown: { readonly step: Step; readonly progress: Progress; at: number } | undefined;
  let begun: Step | undefined;
  setPriority(constants.priority.PRIORITY_LOW);
  const begin = (step: Step, total: number): void => {
    shown?.progress.end();
    begun = step;
    const what = SHOWN[step];
    if (what === undefined) return;
    void Progress.begin({ what, total }).then((progress) => (shown = { step, progress, at: 0 }));
  };
  try {
    return await work((step, done, total) => {
      if (begun !== step) begin(step, total);
      if (shown?.step !== step) return;
      shown.progress.add(done - shown.at);
      shown.at = done;
    });
  } finally {
    shown?.progress.end();
  }
}
