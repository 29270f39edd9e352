/**
 * Ends a process whose event loop stands still: it is asked again and again whether it is there, and whatever it says is an
 * answer. Counts turns of the supervisor's own clock instead of time, so that a machine that slept, or a group of processes
 * that was stopped, ends nobody. A process that waits for its disk is not counted: it could not be ended either.
 */
import { readFileSync } from 'node:fs';

/** A ChildProcess, as far as it is needed here. */
export interface Watched {
  readonly pid?: number | undefined;
  readonly connected: boolean;
  send(message: Ping, handle: undefined, options: object, sent: (error: Error | null) => void): unknown;
  kill(signal: NodeJS.Signals): unknown;
  on(event: 'message' | 'exit', listener: () => void): unknown;
}

/** Answered by every process of the supervisor (child.ts). */
export interface Ping {
  readonly kind: 'ping';
}

export interface Alive {
  readonly kind: 'alive';
}

/** How often the limit is looked at before it is reached. */
const TURNS = 10;
/** Until its first word a process loads the program, for seconds where everything starts at once. */
const BEGIN_LIMIT_MS = 60_000;

/** `stuck` is told before it is ended; its 'exit' follows. A limit of 0 watches nothing. */
export function watchdog(child: Watched, limitMs: number, stuck: () => void): void {
  if (limitMs === 0) return;
  const turnMs = limitMs / TURNS;
  let turns = Math.max(TURNS, Math.ceil(BEGIN_LIMIT_MS / turnMs));
  let missed = 0;
  let asked = false;
  const heard = (): void => {
    turns = TURNS;
    missed = 0;
    asked = false;
  };
  const turn = (): void => {
    if (!asked) ping(child);
    asked = true;
    if (!waitsForDisk(child.pid)) missed += 1;
    if (missed <= turns) return;
    stuck();
    child.kill('SIGKILL');
    heard();
  };
  const timer = setInterval(turn, turnMs).unref();
  child.on('message', heard);
  child.on('exit', () => clearInterval(timer));
}

/** One that has just ended hears nothing; its 'exit' is on the way. */
function ping(child: Watched): void {
  if (child.connected) child.send({ kind: 'ping' }, undefined, {}, () => undefined);
}

/** Linux: uninterruptible sleep, proc(5). The name of the program, in parentheses, may hold anything. */
function waitsForDisk(pid: number | undefined): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).startsWith('D');
  } catch {
    return false; // Another system, or it has ended.
  }
}
