/** What somebody typed, read by a parser of config/units.ts: a mistake in it is told as all mistakes in a command are. */
import { InvalidValue } from '../config/units.js';
import { UsageError, type Flag } from './command.js';

/** @param mistake makes a sentence of why the text was not taken. @throws UsageError */
export function typed<T>(text: string, parse: (text: string) => T, mistake: (why: string) => string): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof InvalidValue) throw new UsageError(mistake(error.message));
    throw error;
  }
}

/** The value of a flag. @throws UsageError */
export function typedFlag<T>({ name }: Flag, text: string, parse: (text: string) => T): T {
  return typed(text, parse, (why) => `--${name} ${why}`);
}
