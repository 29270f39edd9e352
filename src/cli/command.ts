/**
 * One row of the command line's table. The table in commands.ts is the dispatch and the help at once,
 * so that no command can exist without its help, and no option of the help can be refused.
 */
import type { OptionName } from '../config/configuration.js';
import { kebab, options } from '../config/options.js';
import type { Loaded } from '../config/setting.js';
import type { Setting } from '../config/setting.js';

export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** One letter. */
  readonly alias?: string;
  /** What stands for the value in help texts; empty for a switch, which takes none. */
  readonly placeholder: string;
  readonly doc: string;
  readonly initial?: string;
  /** Named in the usage line, because the command makes no sense without it. */
  readonly essential?: true;
  /** May be given several times. */
  readonly repeats?: true;
  /** The option it sets, when it comes from the table of options. */
  readonly option?: OptionName;
}

/** An argument without dashes, in POSIX words. */
export interface Operand {
  readonly name: string;
  readonly doc: string;
  readonly optional?: true;
  /** Takes all that is left; only the last may. */
  readonly repeats?: true;
}

/** One call of a command, checked against its row. */
export interface Invocation {
  readonly operands: readonly string[];
  /** The value of one of the command's own flags. */
  text(flag: string): string | undefined;
  /** Whether a switch is on. */
  has(flag: string): boolean;
  /** Reads the configuration afresh; `forced` settings come before the flags. @throws ConfigurationError */
  load(forced?: readonly Setting[]): Loaded;
}

export interface Command {
  /** `account add`: what is typed behind `pennypost`. */
  readonly words: string;
  /** One line, for the overview. */
  readonly summary: string;
  readonly operands: readonly Operand[];
  readonly flags: readonly Flag[];
  /** Complete command lines, without `pennypost`. */
  readonly examples: readonly string[];
  /** @returns the exit status. */
  run(invocation: Invocation): Promise<number>;
}

/** What was typed cannot be meant; the message is a clause that names the fix. */
export class UsageError extends Error {}

export const jsonFlag: Flag = { name: 'json', placeholder: '', doc: 'Print JSON instead of a table.' };

export const configFlag: Flag = {
  name: 'config',
  placeholder: 'FILE',
  doc: 'Read this file instead of pennypost.toml.',
};

/** Answered before anything else is looked at; here for the help texts. */
export const helpFlag: Flag = { name: 'help', alias: 'h', placeholder: '', doc: 'Print this help.' };

/** The flags of these options, as their table describes them. */
export function optionFlags(...names: readonly OptionName[]): readonly Flag[] {
  return names.map((name) => {
    const { alias, placeholder, doc, initial } = options[name];
    const flag: Flag = { name: kebab(name), placeholder, doc, initial, option: name };
    return {
      ...flag,
      ...(alias !== undefined && { alias }),
      ...((name === 'host' || name === 'deviceHost') && { repeats: true }),
    };
  });
}
