/**
 * The server's own log: one JSON line each on standard output, or a readable one when that is a terminal.
 * No password and no text of a message is ever given to it.
 */
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import type { LogLevel } from '../config/options.js';
import { escapeJson } from './one-line.js';

export type Log = Logger;

/** Lines are written together: one write for each session cost a tenth of a worker's time under load. */
const HELD_BYTES = 4096;
const HELD_MS = 100;

/** `role` names the process that speaks: supervisor, store, or worker and its number. */
export function createLog(level: LogLevel, role: string): Log {
  // What makes text of the JSON again gets an escape of the escape.
  const slashes = process.stdout.isTTY ? '\\\\' : '\\';
  const hooks = { streamWrite: (line: string) => escapeJson(line, slashes) };
  const options = { level, base: { pid: process.pid, role }, hooks };
  return process.stdout.isTTY
    ? pino(options, pretty({ colorize: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l', sync: true }))
    : pino(options, pino.destination({ fd: 1, sync: false, minLength: HELD_BYTES, periodicFlush: HELD_MS }));
}

/** Before the process ends: what was logged is written. */
export function flushLog(log: Log): void {
  try {
    log.flush();
  } catch {
    // The destination is not open yet or gone already; there is nobody left to tell.
  }
}
