/** The log for people: where standard output is a terminal, each line of JSON becomes a readable one. */
import { createRequire } from 'node:module';
import type * as PinoPretty from 'pino-pretty';
import { escapeJson } from './one-line.js';

const require = createRequire(import.meta.url);

/** With a library that a server without a terminal never loads. */
export function renderForTerminal(): (lines: string) => string {
  const { prettyFactory } = require('pino-pretty') as typeof PinoPretty;
  const pretty = prettyFactory({ colorize: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' });
  return (lines) =>
    lines
      .split(/(?<=\n)/)
      .map((line) => (line.startsWith('{') ? pretty(readSafely(line)) : line))
      .join('');
}

/** What was an escape in JSON, because it would move the cursor, stays one. */
function readSafely(line: string): unknown {
  try {
    return JSON.parse(line, (_, value: unknown) => (typeof value === 'string' ? escapeJson(value) : value));
  } catch {
    return line;
  }
}
