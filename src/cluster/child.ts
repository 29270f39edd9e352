/**
 * What every process under the supervisor has in common: it starts when told, obeys the supervisor alone,
 * and ends when the supervisor is gone. Signals that a terminal or a process manager sends to the whole group
 * are the supervisor's to act on.
 */

const IGNORED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Child<Message> {
  receive(message: Message): void;
  /** The supervisor has died; nobody will restart what depends on it. */
  orphaned(): void;
}

/** A module is loaded after its process has begun: what the supervisor sent before that would be lost. */
export interface Waiting {
  readonly kind: 'waiting';
}

export function obeySupervisor<Message>(child: Child<Message>): void {
  for (const signal of IGNORED) process.on(signal, () => undefined);
  process.on('message', (message) => child.receive(message as Message));
  process.on('disconnect', () => child.orphaned());
  tellSupervisor({ kind: 'waiting' } satisfies Waiting);
}

/** To the supervisor; it may be gone, and then `orphaned` says so. */
export function tellSupervisor(message: object): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}
