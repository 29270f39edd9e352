/**
 * What every process under the supervisor has in common: it starts when told, and obeys the supervisor alone.
 * Signals that a terminal or a process manager sends to the whole group are the supervisor's to act on.
 * Each answers the supervisor's watchdog from its event loop, and says what it has counted when it is asked.
 */
import type { Counts, Sample } from './control-messages.js';
import { ProcessSamples } from './process-samples.js';
import type { Alive } from './watchdog.js';

const IGNORED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A module is loaded after its process has begun: what the supervisor sent before that would be lost. */
export interface Waiting {
  readonly kind: 'waiting';
}

/** Asked of a process of any role, for `pennypost status`. */
export interface ReportWanted {
  readonly kind: 'report-wanted';
}

export interface Report {
  readonly kind: 'report';
  readonly counts: Counts;
  readonly samples?: readonly Sample[];
  /** What somebody should mend, in sentences. */
  readonly problems?: readonly string[];
}

export function receiveFromSupervisor(
  receive: (message: unknown) => void,
  told: () => Omit<Report, 'kind'> = () => ({ counts: {} }),
): void {
  for (const signal of IGNORED) process.on(signal, () => undefined);
  let isStarted = false;
  const own = new ProcessSamples();
  const report = (): Report => {
    const { samples = [], ...others } = told();
    return { kind: 'report', ...others, samples: [...samples, ...own.samples] };
  };
  process.on('message', (message) => {
    const { kind } = message as { readonly kind?: string };
    isStarted ||= kind === 'start';
    if (kind === 'ping') sendToSupervisor({ kind: 'alive' } satisfies Alive);
    else if (kind === 'report-wanted') sendToSupervisor(report());
    else if (isStarted) receive(message);
    else if (kind === 'stop' || kind === 'drain') process.exit(0); // The server ends before this was to begin.
  });
  sendToSupervisor({ kind: 'waiting' } satisfies Waiting);
}

/** The supervisor may be gone; its processes then end by themselves. */
export function sendToSupervisor(message: object): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}
