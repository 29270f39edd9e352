/**
 * The effective configuration: flags, then PENNYPOST_… variables, then pennypost.toml, then defaults.
 * The only file that reads process.env. It never stops at the first mistake: a ConfigurationError names them all,
 * also those in values that something stronger overrides, because they would surprise somebody later.
 */
import { resolve } from 'node:path';
import { contradictions } from './contradictions.js';
import { isInjected } from './injected.js';
import type { Configuration, OptionName } from './configuration.js';
import { optionNames, options, variable } from './options.js';
import {
  ConfigurationError,
  defaultSetting,
  variableSetting,
  type Mistake,
  type Setting,
  type Loaded,
} from './setting.js';
import { didYouMean } from './spelling.js';
import { readTomlFile, type NamedFile, type Reading } from './toml-file.js';
import { InvalidValue } from './units.js';

export interface Sources {
  /** What the command line gave; comes before everything else. */
  readonly flags: readonly Setting[];
  /** `--config`: read instead of pennypost.toml, and then it must exist. */
  readonly file?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where pennypost.toml is looked for. */
  readonly directory?: string;
}

interface Value {
  readonly setting: Setting;
  readonly value: Configuration[OptionName];
}

/** What systemd says of the sockets that it hands over (sd_listen_fds(3)). */
export interface ListenVariables {
  /** Whom they are for; NaN when nobody hands any over. */
  readonly pid: number;
  readonly count: number;
  readonly names: readonly string[];
}

const PREFIX = 'PENNYPOST_';
const FILE_NAME = 'pennypost.toml';
const FILE_VARIABLE = 'PENNYPOST_CONFIG';
/** Never on a command line or in pennypost.toml, which others may read: of the relays, and of a server that mail is fetched from. */
const PASSWORD_VARIABLES = { relay: 'PENNYPOST_RELAY_PASSWORD', fetch: 'PENNYPOST_FETCH_PASSWORD' } as const;

/** @throws ConfigurationError with every mistake. */
export function loadConfiguration({ flags, file, environment = process.env, directory = '.' }: Sources): Loaded {
  const variables = readVariables(environment);
  const toml = readTomlFile(chooseFile(file, environment[FILE_VARIABLE], directory));
  const defaults = optionNames.map((name) => defaultSetting(name, options[name].initial));
  const read = [...flags, ...variables.settings, ...toml.settings, ...defaults].map(parse);
  const values = read.filter((result) => 'value' in result);
  const mistakes = [...read.filter((result) => 'sentence' in result), ...variables.mistakes, ...toml.mistakes];
  const loaded = strongest(values);
  mistakes.push(...contradictions(loaded, mistakes));
  if (mistakes.length > 0) throw new ConfigurationError(mistakes);
  return loaded;
}

export function readListenVariables(environment: Sources['environment'] = process.env): ListenVariables {
  const { LISTEN_PID = '', LISTEN_FDS = '', LISTEN_FDNAMES = '' } = environment;
  const count = /^\d{1,4}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : 0;
  return { pid: Number.parseInt(LISTEN_PID, 10), count, names: LISTEN_FDNAMES === '' ? [] : LISTEN_FDNAMES.split(':') };
}

export function readPassword(
  of: keyof typeof PASSWORD_VARIABLES,
  environment: Sources['environment'] = process.env,
): string | undefined {
  return environment[PASSWORD_VARIABLES[of]];
}

function chooseFile(flag: string | undefined, fromVariable: string | undefined, directory: string): NamedFile {
  if (flag !== undefined) return { name: flag, path: resolve(directory, flag), wantedBy: 'usage' };
  if (fromVariable === undefined) return { name: FILE_NAME, path: resolve(directory, FILE_NAME) };
  return { name: fromVariable, path: resolve(directory, fromVariable), wantedBy: 'configuration' };
}

function readVariables(environment: Readonly<Record<string, string | undefined>>): Reading {
  const settings = optionNames.flatMap((name) => {
    const text = environment[variable(name)];
    return text === undefined || isInjected(variable(name), text) ? [] : [variableSetting(name, text)];
  });
  const known = [...optionNames.map(variable), FILE_VARIABLE, ...Object.values(PASSWORD_VARIABLES)];
  const mistakes = Object.entries(environment)
    .filter(([name, text = '']) => name.startsWith(PREFIX) && !known.includes(name) && !isInjected(name, text))
    .map(([name]) => unknownVariable(name, known));
  return { settings, mistakes };
}

function unknownVariable(name: string, known: readonly string[]): Mistake {
  // The prefix, which every candidate shares, would make all of them look near.
  const rest = (text: string) => text.slice(PREFIX.length);
  const guess = didYouMean(rest(name), known.map(rest)).replace(`'`, `'${PREFIX}`);
  return { sentence: `${name} is the variable of no option${guess}`, fault: 'configuration' };
}

function parse(setting: Setting): Value | Mistake {
  try {
    return { setting, value: options[setting.name].parse(setting.text) };
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return { sentence: `${setting.label} ${error.message}`, fault: setting.fault, option: setting.name };
  }
}

/** The first value of each option: they come in the order of their strength. */
function strongest(values: readonly Value[]): Loaded {
  const first = new Map(values.toReversed().map((value) => [value.setting.name, value]));
  const entries = <T>(pick: (value: Value) => T) => Object.fromEntries([...first].map(([name, v]) => [name, pick(v)]));
  return {
    // The table types each parser by its option's name, and every option has a default.
    configuration: entries(({ value }) => value) as unknown as Configuration,
    settings: entries(({ setting }) => setting) as Record<OptionName, Setting>,
  };
}
