/**
 * Help texts, generated from the table of commands: the overview, the commands of one noun, one command.
 * Nothing here is written twice: what a command takes stands in its row, what an option means in the options' table.
 */
import { configFlag, helpFlag, type Command, type Flag, type Operand } from './command.js';

const INDENT = '  ';
const WIDTH = 100;

const FOOT = `Options come from flags, then PENNYPOST_… variables, then pennypost.toml, then defaults;
'pennypost config show' tells which won.`;

/** @param topic what stands before `--help`: nothing, a noun, or a whole command. */
export function helpFor(topic: string, commands: readonly Command[]): string {
  const command = commands.find(({ words }) => words === topic);
  return command === undefined ? overview(topic, commands) : helpForCommand(command);
}

/** `account add ADDRESS`. */
export function usage({ words, operands, flags }: Command): string {
  const essential = flags
    .filter((flag) => flag.essential)
    .map(({ alias, name, placeholder }) => `${alias === undefined ? `--${name}` : `-${alias}`} ${placeholder}`);
  return [words, ...essential, ...operands.map(operandText)].join(' ');
}

function overview(topic: string, commands: readonly Command[]): string {
  const shown = commands.filter(({ words }) => topic === '' || words.startsWith(`${topic} `));
  const rows = shown.map((command): Row => [usage(command), command.summary]);
  const head = topic === '' ? 'A small SMTP and POP3 mail server.' : `Commands of '${topic}'.`;
  const word = topic === '' ? 'COMMAND' : `${topic} COMMAND`;
  const more = `'pennypost ${word} --help' explains one; 'pennypost --version' tells the version.`;
  return `${head}\n\nUsage: pennypost ${word} [options]\n\n${columns(rows)}\n\n${more}\n${FOOT}\n`;
}

function helpForCommand(command: Command): string {
  const parts = [
    `${command.summary}\n\nUsage: pennypost ${usage(command)} [options]`,
    section(
      'Arguments',
      command.operands.map((operand): Row => [operandText(operand), `${operand.doc}.`]),
    ),
    section(
      'Options',
      [...command.flags, configFlag, helpFlag].map((flag): Row => [flagText(flag), flagDoc(flag)]),
    ),
    section(
      'Examples',
      command.examples.map((example): Row => [`pennypost ${example}`, '']),
    ),
    FOOT,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function operandText({ name, optional, repeats }: Operand): string {
  const text = repeats === undefined ? name : `${name}…`;
  return optional === undefined ? text : `[${text}]`;
}

/** `-v, --verbose`. */
export function flagText({ name, alias, placeholder }: Flag): string {
  const long = placeholder === '' ? `--${name}` : `--${name} ${placeholder}`;
  return alias === undefined ? long : `-${alias}, ${long}`;
}

function flagDoc({ doc, initial, placeholder, essential }: Flag): string {
  return initial === undefined || placeholder === '' || essential === true ? doc : `${doc} Default: ${initial}`;
}

type Row = readonly [left: string, right: string];

function section(title: string, rows: readonly Row[]): string {
  return rows.length === 0 ? '' : `${title}:\n${columns(rows)}`;
}

/** Two columns; a right one too long for the line goes on below. */
function columns(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + INDENT.length;
  const hang = `\n${' '.repeat(INDENT.length + width)}`;
  return rows
    .map(([left, right]) => `${INDENT}${left.padEnd(width)}${wrap(right, WIDTH - width).join(hang)}`.trimEnd())
    .join('\n');
}

function wrap(text: string, width: number): readonly string[] {
  return text.split(' ').reduce<readonly string[]>((lines, word) => {
    const last = lines.at(-1) ?? '';
    return `${last} ${word}`.length > width ? [...lines, word] : [...lines.slice(0, -1), `${last} ${word}`.trimStart()];
  }, []);
}
