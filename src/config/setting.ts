/**
 * One option as somebody gave it, still as text, with the words in which `config show` and mistakes name its place.
 * ConfigurationError carries every mistake at once: nobody likes to mend a configuration one error at a time.
 */
import type { Configuration, OptionName } from './configuration.js';
import { kebab, variable } from './options.js';

/** Whose mistake it would be: what stands on the command line, or what stands around it. */
export type Fault = 'usage' | 'configuration';

export interface Setting {
  readonly name: OptionName;
  readonly text: string;
  /** `flag --db`, `PENNYPOST_DB`, `pennypost.toml`, `default`. */
  readonly source: string;
  /** How a sentence about it begins: `--db`, `PENNYPOST_DB`, `db in pennypost.toml`. */
  readonly label: string;
  readonly fault: Fault;
}

/** A configuration, and where each of its values came from. */
export interface Loaded {
  readonly configuration: Configuration;
  /** For each option the setting that won. */
  readonly settings: Readonly<Record<OptionName, Setting>>;
}

export interface Mistake {
  readonly sentence: string;
  readonly fault: Fault;
  /** The option whose value it is in, if it is in one. */
  readonly option?: OptionName;
}

export class ConfigurationError extends Error {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(({ sentence }) => sentence).join('\n'));
    this.name = 'ConfigurationError';
    this.mistakes = mistakes;
  }

  /** `usage` only when nothing but the command line has to be mended. */
  get fault(): Fault {
    return this.mistakes.every(({ fault }) => fault === 'usage') ? 'usage' : 'configuration';
  }
}

export function flagSetting(name: OptionName, text: string): Setting {
  return { name, text, source: `flag --${kebab(name)}`, label: `--${kebab(name)}`, fault: 'usage' };
}

export function variableSetting(name: OptionName, text: string): Setting {
  return { name, text, source: variable(name), label: variable(name), fault: 'configuration' };
}

export function fileSetting(name: OptionName, text: string, file: string): Setting {
  return { name, text, source: file, label: `${kebab(name)} in ${file}`, fault: 'configuration' };
}

export function defaultSetting(name: OptionName, text: string): Setting {
  return { name, text, source: 'default', label: `the default of ${kebab(name)}`, fault: 'configuration' };
}
