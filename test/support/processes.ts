/** Which of the processes that a test started are still there. A zombie is not: only its exit status waits. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

interface ProcessState {
  readonly state: string;
  readonly group: number;
}

const HAS_PROC = existsSync('/proc/self/stat');

export function isAlive(pid: number): boolean {
  if (HAS_PROC) return stateOf(pid) !== undefined && stateOf(pid)?.state !== 'Z';
  return canSignal(pid);
}

/** Every process of a group that a test made by starting its leader detached. */
export function groupMembers(group: number): readonly number[] {
  if (!HAS_PROC) return canSignal(-group) ? [group] : [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const found = stateOf(pid);
      return found?.group === group && found.state !== 'Z';
    });
}

export function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Nobody is left in it.
  }
}

/** Linux: who a process is, by proc(5). The four ids are the real, effective, saved and file system's. */
export interface Credentials {
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  /** Capabilities in effect, and those that it may put into effect. */
  readonly effective: bigint;
  readonly permitted: bigint;
}

export function credentialsOf(pid: number): Credentials {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const numbers = (name: string) => field(name).split(/\s+/).filter(Boolean).map(Number);
  return {
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    effective: BigInt(`0x${field('CapEff')}`),
    permitted: BigInt(`0x${field('CapPrm')}`),
  };
}

function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Linux: proc(5). The name of the program, in parentheses, may hold anything. */
function stateOf(pid: number): ProcessState | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', , group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, group: Number(group) };
  } catch {
    return undefined;
  }
}
