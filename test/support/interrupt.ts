/**
 * A campaign that a signal ends runs nothing more, and a server of its own process group would go on without it. It exits
 * instead, so that what was registered for the exit of the process ends its servers (server.ts).
 */
import { constants } from 'node:os';

/** A shell's status for a command that a signal ended is the signal's number and this. */
const SIGNAL_STATUS = 128;

export function exitWhenInterrupted(): void {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.exit(SIGNAL_STATUS + constants.signals[signal]));
}
