/**
 * Processes for whatever would run on machines of its own: they take no processor that the server or its neighbour wants. Linux shares processors
 * between sessions first (sched(7), autogroups), so that the lowest priority is one within its session only: such a process
 * begins a session, and lowers that too. Ends with the process that began it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

const AUTOGROUP = '/proc/self/autogroup';

/** `module` begins with `goBelow`, and is then told what it is for. */
export function begunBelow(module: URL, told: object): ChildProcess {
  const child = fork(fileURLToPath(module), { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(told);
  return child;
}

/** In such a process: what it was told. */
export async function goBelow(): Promise<unknown> {
  setPriority(constants.priority.PRIORITY_LOW);
  try {
    writeFileSync(AUTOGROUP, String(constants.priority.PRIORITY_LOW));
  } catch {
    // Another system, or one that does not group: the priority of the process is enough.
  }
  process.once('disconnect', () => process.exit());
  const [told] = (await once(process, 'message')) as [unknown];
  return told;
}
