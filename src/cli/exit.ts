/**
 * What a command's failure looks like from outside: one line for each mistake and an exit status of sysexits.h.
 * A stack trace is shown for bugs only, because only there does it help anybody.
 */
import { getSystemErrorMap } from 'node:util';
import { ConfigurationError } from '../config/setting.js';
import { StoreError } from '../store/errors.js';
import { UsageError } from './command.js';

export const exit = {
  fine: 0,
  refused: 1,
  usage: 64,
  unavailable: 69,
  bug: 70,
  io: 74,
  configuration: 78,
  interrupted: 130,
} as const;

/** The command understood everything and must still say no; the message is a sentence that names the fix. */
export class Refusal extends Error {}

/** Control-C, or Control-D at a question; the message is a clause that says what stands now. */
export class Interruption extends Error {
  constructor(message = 'nothing was changed.') {
    super(message);
  }
}

export interface Failure {
  readonly status: number;
  readonly lines: readonly string[];
}

/** @param topic the command to name in "see … --help". */
export function explainFailure(error: unknown, topic: string): Failure {
  if (error instanceof UsageError) return { status: exit.usage, lines: [withHelp(error.message, topic)] };
  if (error instanceof ConfigurationError) return explainConfiguration(error, topic);
  if (error instanceof Refusal) return { status: exit.refused, lines: [error.message] };
  if (error instanceof StoreError) return { status: statusOf(error), lines: [error.message] };
  if (error instanceof Interruption) return { status: exit.interrupted, lines: [error.message] };
  if (isSystemError(error)) return explainSystemError(error);
  return {
    status: exit.bug,
    lines: [`this is a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
  };
}

export function isBug(error: unknown): boolean {
  return explainFailure(error, '').status === exit.bug;
}

function withHelp(clause: string, topic: string): string {
  const sentence = /[.?]$/.test(clause) ? clause : `${clause}.`;
  return `${sentence} See '${['pennypost', topic, '--help'].filter((word) => word !== '').join(' ')}'.`;
}

function explainConfiguration({ mistakes, fault }: ConfigurationError, topic: string): Failure {
  const lines = mistakes.map(({ sentence }) => sentence);
  if (fault === 'usage') return { status: exit.usage, lines: lines.map((line) => withHelp(line, topic)) };
  return { status: exit.configuration, lines: lines.map((line) => (line.endsWith('?') ? line : `${line}.`)) };
}

function statusOf({ kind }: StoreError): number {
  return kind === 'refused' || kind === 'missing' ? exit.refused : exit.unavailable;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number';
}

function explainSystemError({ code, errno, path, message }: NodeJS.ErrnoException): Failure {
  // A reader such as `head` that has seen enough is no failure.
  if (code === 'EPIPE') return { status: exit.fine, lines: [] };
  const reason = getSystemErrorMap().get(errno ?? 0)?.[1] ?? message;
  return { status: exit.io, lines: [path === undefined ? `${reason}.` : `${path}: ${reason}.`] };
}
