/**
 * The server's own log: one JSON line each, which the supervisor writes to standard output, or a readable one when that is a
 * terminal. No password and no text of a message is ever given to it. Lines may be lost (line-output.ts), never the server.
 */
import { pino, type Logger } from 'pino';
import type { LogLevel } from '../config/configuration.js';
import type { LineOutput } from './line-output.js';
import { escapeJson } from './one-line.js';

export type Log = Logger;

/** `role` names the process that speaks: supervisor, store, or worker and its number. */
export function createLog(level: LogLevel, role: string, output: LineOutput): Log {
  const hooks = { streamWrite: (line: string) => escapeJson(line) };
  const log = pino({ level, base: { pid: process.pid, role }, hooks }, output);
  output.whenRecovered((loss) => log.error(loss, 'lines of the log were lost'));
  return log;
}
