/**
 * Everything that `pennypost` understands, in the order of the overview: this table is the dispatch and the help.
 * A command is found by one word or two; what is near but not there comes back as a UsageError with a guess.
 */
import { didYouMean } from '../config/spelling.js';
import { accountCommands } from './account.js';
import { aliasCommands } from './alias.js';
import { UsageError, type Command } from './command.js';
import { configurationCommands } from './configuration.js';
import { domainCommands } from './domain.js';
import { mailCommands } from './mail.js';
import { serveCommands } from './serve.js';
import { statusCommands } from './status.js';

export const commands: readonly Command[] = [
  ...serveCommands,
  ...statusCommands,
  ...accountCommands,
  ...domainCommands,
  ...aliasCommands,
  ...mailCommands,
  ...configurationCommands,
];

/** The longest beginning of these words that names a command or a noun; empty when they begin with neither. */
export function topicOf(words: readonly string[]): string {
  const [first = '', second = ''] = words;
  if (commands.some((command) => command.words === `${first} ${second}`)) return `${first} ${second}`;
  return nouns().includes(first) ? first : '';
}

/** @throws UsageError */
export function findCommand(words: readonly string[]): Command {
  const topic = topicOf(words);
  const found = commands.find((command) => command.words === topic);
  if (found !== undefined) return found;
  if (topic === '') throw unknown(words[0] ?? '', nouns());
  const verbs = commands.filter(({ words: known }) => known.startsWith(`${topic} `)).map((command) => command.words);
  if (words[1] === undefined || words[1].startsWith('-'))
    throw new UsageError(`${topic} alone is no command; ${choice(verbs)}`);
  throw unknown(`${topic} ${words[1]}`, verbs);
}

function choice(words: readonly string[]): string {
  return `type one of ${words.map((word) => `'${word}'`).join(', ')}`;
}

function unknown(typed: string, candidates: readonly string[]): UsageError {
  if (typed.startsWith('-')) return new UsageError(`the command comes before ${typed}`);
  return new UsageError(`unknown command '${typed}'${didYouMean(typed, candidates)}`);
}

function nouns(): readonly string[] {
  return [...new Set(commands.map(({ words }) => words.split(' ')[0] ?? ''))];
}
