/**
 * Everything that `pennypost` understands, in the order of the overview: this table is the dispatch and the help.
 * A command is found by one word, two or three; what is near but not there comes back as a UsageError with a guess.
 * A topic is a command, or the beginning of several: `account`, `account credential`.
 */
import { didYouMean } from '../config/spelling.js';
import { accountCommands } from './account.js';
import { aliasCommands } from './alias.js';
import { UsageError, type Command } from './command.js';
import { backupCommands } from './backup.js';
import { checkCommands } from './check.js';
import { configurationCommands } from './configuration.js';
import { credentialCommands } from './credential.js';
import { deviceCommands } from './device.js';
import { doctorCommands } from './doctor.js';
import { domainCommands } from './domain.js';
import { exportCommands } from './export.js';
import { fetchCommands } from './fetch.js';
import { importCommands } from './import.js';
import { mailCommands } from './mail.js';
import { mailSearchCommands } from './mail-search.js';
import { queueCommands } from './queue.js';
import { removedMailCommands } from './removed-mail.js';
import { relayCommands } from './relay.js';
import { reloadCommands } from './reload.js';
import { routeCommands } from './route.js';
import { serveCommands } from './serve.js';
import { statusCommands } from './status.js';
import { suppressionCommands } from './suppression.js';

export const commands: readonly Command[] = [
  ...serveCommands,
  ...statusCommands,
  ...doctorCommands,
  ...checkCommands,
  ...backupCommands,
  ...reloadCommands,
  ...accountCommands,
  ...credentialCommands,
  ...domainCommands,
  ...aliasCommands,
  ...deviceCommands,
  ...mailCommands,
  ...mailSearchCommands,
  ...exportCommands,
  ...importCommands,
  ...fetchCommands,
  ...removedMailCommands,
  ...queueCommands,
  ...suppressionCommands,
  ...relayCommands,
  ...routeCommands,
  ...configurationCommands,
];

/** The longest beginning of these words that is a topic; empty when they begin with none. */
export function topicOf(words: readonly string[]): string {
  const beginnings = words.map((_, index) => beginning(words, index + 1));
  return beginnings.findLast((text) => isTopic(text)) ?? '';
}

/** Whether it is the beginning of commands and none itself. */
export function isNoun(topic: string): boolean {
  return isTopic(topic) && !commands.some(({ words }) => words === topic);
}

/** @throws UsageError */
export function findCommand(words: readonly string[]): Command {
  const topic = topicOf(words);
  const found = commands.find((command) => command.words === topic);
  if (found !== undefined) return found;
  const depth = topic === '' ? 0 : topic.split(' ').length;
  const next = words[depth];
  if (topic === '') throw unknown(next ?? '', nextWords(topic));
  if (next === undefined || next.startsWith('-'))
    throw new UsageError(`${topic} alone is no command; ${choice(commandsUnder(topic))}`);
  throw unknown(`${topic} ${next}`, nextWords(topic));
}

function isTopic(text: string): boolean {
  return commands.some(({ words }) => words === text || words.startsWith(`${text} `));
}

function commandsUnder(topic: string): readonly string[] {
  return commands.map(({ words }) => words).filter((words) => words.startsWith(`${topic} `));
}

/** The topics that are one word longer. */
function nextWords(topic: string): readonly string[] {
  const under = topic === '' ? commands.map(({ words }) => words) : commandsUnder(topic);
  const depth = topic === '' ? 0 : topic.split(' ').length;
  return [...new Set(under.map((words) => beginning(words.split(' '), depth + 1)))];
}

function beginning(words: readonly string[], count: number): string {
  return words.slice(0, count).join(' ');
}

function choice(words: readonly string[]): string {
  return `type one of ${words.map((word) => `'${word}'`).join(', ')}`;
}

function unknown(typed: string, candidates: readonly string[]): UsageError {
  if (typed.startsWith('-')) return new UsageError(`the command comes before ${typed}`);
  return new UsageError(`unknown command '${typed}'${didYouMean(typed, candidates)}`);
}
