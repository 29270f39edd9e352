/**
 * One call of `pennypost`: finds the command, or prints help or the version, and turns every failure into a status.
 * Never throws and never ends the process; main.ts does that.
 */
import { version } from '../config/version.js';
import { printableText } from '../message/printable.js';
import { readCommandLine } from './command-line.js';
import { commands, findCommand, isNoun, topicOf } from './commands.js';
import { exit, explainFailure } from './exit.js';
import { helpFor } from './help.js';
import { print } from './terminal.js';

const HELP_FLAGS = ['--help', '-h'];

/** @returns the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  // A closed pipe is reported by the write that meets it; without a listener it would end the process with a trace.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  try {
    return await dispatch(argv);
  } catch (error) {
    const { status, lines } = explainFailure(error, topicOf(argv));
    for (const line of lines) process.stderr.write(`pennypost: ${printableText(line)}\n`);
    return status;
  }
}

async function dispatch(argv: readonly string[]): Promise<number> {
  if (argv.length === 0) {
    process.stderr.write(helpFor('', commands));
    return exit.usage;
  }
  if (argv[0] === '--version') return say(`${version()}\n`);
  const topic = helpTopic(argv);
  if (topic !== undefined) return say(helpFor(topic, commands));
  const command = findCommand(argv);
  return command.run(readCommandLine(command, argv.slice(command.words.split(' ').length)));
}

/** What help is asked about: `help account add`, `account help`, `account add --help`. @throws UsageError */
function helpTopic(argv: readonly string[]): string | undefined {
  const end = argv.indexOf('--');
  const isFlag = (end === -1 ? argv : argv.slice(0, end)).some((arg) => HELP_FLAGS.includes(arg));
  if (!isFlag && argv[0] !== 'help' && argv[1] !== 'help' && !isHelpOnNoun(argv)) return undefined;
  const words = argv.filter((arg) => arg !== 'help' && !arg.startsWith('-'));
  const topic = topicOf(words);
  // An unknown word is a mistake, not a wish for the overview; `account` alone is a wish for its commands.
  if (topic !== words.join(' ') && !commands.some((command) => command.words === topic)) findCommand(words);
  return topic;
}

/** `account credential help`; behind a whole command the word is an argument. */
function isHelpOnNoun(argv: readonly string[]): boolean {
  const at = argv.indexOf('help');
  return at > 0 && isNoun(argv.slice(0, at).join(' '));
}

async function say(text: string): Promise<number> {
  await print(text);
  return exit.fine;
}
