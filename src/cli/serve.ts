/**
 * `pennypost serve`, and the original's `pennypost smtp` and `pennypost pop3`, which are the same server with one
 * listener. Never serves here: the supervisor does, and reads the configuration again on SIGHUP through what it is given.
 */
import { extname, join } from 'node:path';
import { portNames, webPortNames, type PortName } from '../config/contradictions.js';
import type { Configuration, OptionName } from '../config/configuration.js';
import { optionNames } from '../config/options.js';
import type { Setting } from '../config/setting.js';
import { statIfThere } from '../runtime/stats.js';
import { optionFlags, UsageError, type Command, type Flag, type Invocation, type Operand } from './command.js';

interface SingleForm {
  readonly verb: 'smtp' | 'pop3';
  /** The one port it listens on; every other is switched off. */
  readonly speaks: PortName;
}

const DATABASE_NAME = 'mail.db';
const DATABASE_EXTENSION = '.db';

const smtpForm: SingleForm = { verb: 'smtp', speaks: 'smtpPort' };
const pop3Form: SingleForm = { verb: 'pop3', speaks: 'pop3Port' };

const mailboxesOperand: Operand = {
  name: 'MAILBOXES',
  doc: `a directory, made if it is missing, that holds ${DATABASE_NAME}; or a database file, ending in ${DATABASE_EXTENSION}`,
  optional: true,
};

function serve(invocation: Invocation): Promise<number> {
  return supervise(() => invocation.load().configuration);
}

function serveOnly({ verb, speaks }: SingleForm): Command['run'] {
  return async (invocation) => {
    const [mailboxes] = invocation.operands;
    if (mailboxes !== undefined && invocation.text('db') !== undefined)
      throw new UsageError('MAILBOXES and --db exclude each other');
    const forced = [
      ...[...silent(speaks), ...webPortNames].map((name) => forcedSetting(name, '0', `command ${verb}`)),
      forcedSetting('lmtpSocket', 'none', `command ${verb}`),
      ...(mailboxes === undefined ? [] : [forcedSetting('db', databaseOf(mailboxes), 'argument MAILBOXES')]),
    ];
    const load = (): Configuration => {
      const { configuration, settings } = invocation.load(forced);
      if (settings[speaks].source === 'default') throw new UsageError(`${verb} needs a port: -p PORT`);
      return configuration;
    };
    return supervise(load);
  };
}

async function supervise(load: () => Configuration): Promise<number> {
  load(); // Before anything starts, so that a mistake costs nothing.
  // Loaded here and not above: no other command should carry the cluster.
  const { runSupervisor } = await import('../cluster/supervisor/supervisor.js');
  return runSupervisor(load);
}

function isOfWeb(name: OptionName): boolean {
  return name.startsWith('web') || name === 'metricsNetworks';
}

/** The database file; a directory that is missing is made by the store. */
function databaseOf(mailboxes: string): string {
  const isDatabase = isFile(mailboxes) ?? extname(mailboxes) === DATABASE_EXTENSION;
  return isDatabase ? mailboxes : join(mailboxes, DATABASE_NAME);
}

/** Undefined for what is not there or cannot be looked at: why not is said by who opens it. */
function isFile(path: string): boolean | undefined {
  try {
    return statIfThere(path)?.isFile();
  } catch {
    return undefined;
  }
}

function silent(speaks: PortName): readonly OptionName[] {
  return portNames.filter((name) => name !== speaks);
}

function forcedSetting(name: OptionName, text: string, source: string): Setting {
  return { name, text, source, label: source, fault: 'usage' };
}

/** The flags of a form: everything but the ports that it switches off, with -p for its own. */
function flagsOf({ speaks }: SingleForm): readonly Flag[] {
  const off: readonly OptionName[] = [...silent(speaks), 'lmtpSocket', 'lmtpSocketMode', 'deviceHost'];
  const names = optionNames.filter((name) => name !== speaks && !off.includes(name) && !isOfWeb(name));
  const port = optionFlags(speaks).map((flag) => ({
    ...flag,
    alias: 'p',
    essential: true as const,
  }));
  return [...port, ...optionFlags(...names)];
}

export const serveCommands: readonly Command[] = [
  {
    words: 'serve',
    summary: 'Serve SMTP and POP3: supervisor, store and workers.',
    operands: [],
    flags: optionFlags(...optionNames),
    examples: ['serve', 'serve --host 0.0.0.0 --smtp-port 25 --pop3-port 110', 'serve -v'],
    run: serve,
  },
  {
    words: 'smtp',
    summary: 'Serve SMTP only, on one port.',
    operands: [mailboxesOperand],
    flags: flagsOf(smtpForm),
    examples: ['smtp -p 2525', 'smtp -p 2525 -v mailboxes'],
    run: serveOnly(smtpForm),
  },
  {
    words: 'pop3',
    summary: 'Serve POP3 only, on one port.',
    operands: [mailboxesOperand],
    flags: flagsOf(pop3Form),
    examples: ['pop3 -p 1100', 'pop3 -p 1100 -v mailboxes'],
    run: serveOnly(pop3Form),
  },
];
