/**
 * Reads pennypost.toml: one key for each option, in kebab case, no tables.
 * Never judges values, which is the options' own business; what is no setting at all comes back as a mistake.
 * A file that is not there is empty, unless somebody asked for it by name.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Toml from 'smol-toml';
import type { TomlError, TomlValue } from 'smol-toml';
import type { OptionName } from './configuration.js';
import { kebab, optionNames } from './options.js';
import { fileSetting, type Fault, type Mistake, type Setting } from './setting.js';
import { didYouMean } from './spelling.js';

const require = createRequire(import.meta.url);

export interface NamedFile {
  /** As messages name it. */
  readonly name: string;
  readonly path: string;
  /** Whose mistake it is when the file is missing; undefined when it may be. */
  readonly wantedBy?: Fault;
}

export interface Reading {
  readonly settings: readonly Setting[];
  readonly mistakes: readonly Mistake[];
}

/** Options of which the file may hold a TOML array. */
const LISTS: readonly OptionName[] = ['host', 'trustedNetworks', 'proxyNetworks', 'xclientNetworks', 'relay'];

export function readTomlFile(file: NamedFile): Reading {
  try {
    const entries = Object.entries(parse(readFileSync(file.path, 'utf8')));
    const read = entries.map(([key, value]) => readEntry(key, value, file.name));
    return {
      settings: read.filter((entry) => 'text' in entry),
      mistakes: read.filter((entry) => 'sentence' in entry),
    };
  } catch (error) {
    return { settings: [], mistakes: explain(error, file) };
  }
}

/** By a library that is loaded for the first file that is there. @throws TomlError */
function parse(text: string): Record<string, TomlValue> {
  return (require('smol-toml') as typeof Toml).parse(text);
}

function readEntry(key: string, value: TomlValue, file: string): Setting | Mistake {
  const name = optionNames.find((option) => kebab(option) === key);
  if (name === undefined) return unknownKey(key, file);
  const text = asText(name, value);
  if (text === undefined) return mistake(`${key} in ${file} takes ${shape(name)}`);
  return fileSetting(name, text, file);
}

function unknownKey(key: string, file: string): Mistake {
  return mistake(`${file} has no option '${key}'${didYouMean(key, optionNames.map(kebab))}`);
}

function shape(name: OptionName): string {
  const scalar = 'a text, a number, true or false';
  return LISTS.includes(name) ? `${scalar}, or a list of texts` : scalar;
}

function asText(name: OptionName, value: TomlValue): string | undefined {
  if (typeof value !== 'object') return String(value);
  if (!LISTS.includes(name) || !Array.isArray(value)) return undefined;
  return value.every((item) => typeof item === 'string') ? value.join(',') : undefined;
}

function explain(error: unknown, file: NamedFile): readonly Mistake[] {
  if (isTomlError(error)) {
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    return [mistake(`${file.name}, line ${error.line}: ${reason}`)];
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  if (code === 'ENOENT' && file.wantedBy === undefined) return [];
  const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
  return [{ sentence: `${file.name}: ${reason}`, fault: file.wantedBy ?? 'configuration' }];
}

function isTomlError(error: unknown): error is TomlError {
  return error instanceof Error && 'codeblock' in error;
}

function mistake(sentence: string): Mistake {
  return { sentence, fault: 'configuration' };
}
