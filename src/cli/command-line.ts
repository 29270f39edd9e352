/**
 * Reads the arguments behind a command's words, by minimist, and holds them to the command's row.
 * Never guesses: an unknown option, a missing value or one argument too many is a UsageError that names the fix.
 */
import minimist from 'minimist';
import { loadConfiguration } from '../config/load.js';
import { flagSetting } from '../config/setting.js';
import { didYouMean } from '../config/spelling.js';
import { configFlag, UsageError, type Command, type Flag, type Invocation, type Operand } from './command.js';

/** Given flags by name: the text of a flag with a value, `true` or `false` of a switch. */
type Given = ReadonlyMap<string, string | boolean>;

/** What minimist makes of a flag: several values are an array, `-v2` is a number, null is our default. */
type Parsed = string | number | boolean | null | undefined | readonly (string | boolean)[];

export function readCommandLine(command: Command, argv: readonly string[]): Invocation {
  const flags = [...command.flags, configFlag];
  checkLongFlags(argv, flags);
  const { given, operands } = readFlags(argv, flags);
  checkOperands(command.operands, operands);
  const settings = flags.flatMap(({ name, option }) => {
    const value = given.get(name);
    return option === undefined || value === undefined ? [] : [flagSetting(option, String(value))];
  });
  const text = (name: string) => given.get(name)?.toString();
  return {
    operands,
    text,
    has: (name) => given.get(name) === true,
    load: (forced = []) => loadConfiguration({ flags: [...forced, ...settings], file: text(configFlag.name) }),
  };
}

/** Before minimist, which would take `--constructor` for a known option and `--json=no` for true. */
function checkLongFlags(argv: readonly string[], flags: readonly Flag[]): void {
  const switches = flags.filter(isSwitch).map(({ name }) => name);
  const known = [...flags.map(({ name }) => name), ...switches.map((name) => `no-${name}`)];
  for (const [, name = '', value] of beforeDashes(argv).flatMap((arg) => [
    ...arg.matchAll(/^--([^=]+)(?:=(.*))?$/gs),
  ])) {
    if (!known.includes(name)) throw unknownOption(`--${name}`, flags);
    if (switches.includes(name) && value !== undefined && !isTruth(value)) throw takesNoValue(name);
  }
}

function readFlags(argv: readonly string[], flags: readonly Flag[]) {
  const unknown: string[] = [];
  const switches = flags.filter(isSwitch);
  const parsed: Readonly<Record<string, Parsed>> & { readonly _: readonly string[] } = minimist([...argv], {
    string: ['_', ...flags.filter((flag) => !isSwitch(flag)).map(({ name }) => name)],
    boolean: switches.map(({ name }) => name),
    alias: Object.fromEntries(flags.flatMap(({ name, alias }) => (alias === undefined ? [] : [[name, alias]]))),
    // minimist's own default for a switch is false, which would hide whether it was given at all.
    default: Object.fromEntries(switches.map(({ name }) => [name, null])),
    unknown: (arg) => !/^-./.test(arg) || (unknown.push(arg), false),
  });
  const given = new Map(flags.flatMap((flag) => readFlag(flag, parsed[flag.name])));
  if (unknown[0] !== undefined) throw unknownOption(unknown[0], flags);
  return { given: given as Given, operands: parsed._ };
}

function readFlag(flag: Flag, value: Parsed): readonly [string, string | boolean][] {
  if (value === undefined || value === null) return [];
  if (isSwitch(flag)) {
    // A switch is true or false, or the text that was glued to its letter, as in -v=no.
    if (!isTruth(String(value))) throw takesNoValue(flag.name);
    return [[flag.name, value === true || value === 'true']];
  }
  const texts = [value].flat().map(String);
  if (texts.length > 1 && flag.repeats === undefined) throw new UsageError(`--${flag.name} may be given once only`);
  if (texts.includes(''))
    throw new UsageError(`--${flag.name} needs a value; one that begins with a dash is written --${flag.name}=VALUE`);
  return [[flag.name, texts.join(',')]];
}

function checkOperands(wanted: readonly Operand[], given: readonly string[]): void {
  const missing = wanted.find(({ optional }, index) => optional === undefined && given[index] === undefined);
  if (missing !== undefined) throw new UsageError(`${missing.name} is missing: ${missing.doc}`);
  const surplus = wanted.at(-1)?.repeats === undefined ? given[wanted.length] : undefined;
  if (surplus !== undefined) throw new UsageError(`'${surplus}' is one argument too many`);
}

function unknownOption(typed: string, flags: readonly Flag[]): UsageError {
  const candidates = flags.map(({ name }) => `--${name}`);
  return new UsageError(`unknown option ${typed}${didYouMean(typed, candidates)}`);
}

function takesNoValue(name: string): UsageError {
  return new UsageError(`--${name} takes no value; --no-${name} switches it off`);
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end === -1 ? argv : argv.slice(0, end);
}

function isSwitch({ placeholder }: Flag): boolean {
  return placeholder === '';
}

function isTruth(text: string): boolean {
  return text === 'true' || text === 'false';
}
