/**
 * What every process under the supervisor has in common: it starts when told, and obeys the supervisor alone.
 * Signals that a terminal or a process manager sends to the whole group are the supervisor's to act on.
 * Each answers the supervisor's watchdog from its event loop.
 */
import type { Alive } from './watchdog.js';

const IGNORED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A module is loaded after its process has begun: what the supervisor sent before that would be lost. */
export interface Waiting {
  readonly kind: 'waiting';
}

export function obeySupervisor(receive: (message: unknown) => void): void {
  for (const signal of IGNORED) process.on(signal, () => undefined);
  process.on('message', (message) => {
    if ((message as { readonly kind?: string }).kind === 'ping') tellSupervisor({ kind: 'alive' } satisfies Alive);
    else receive(message);
  });
  tellSupervisor({ kind: 'waiting' } satisfies Waiting);
}

/** The supervisor may be gone; its processes then end by themselves. */
export function tellSupervisor(message: object): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}
