/**
 * `pennypost config …`: whether the configuration is sound, and what is in force and why.
 * Reads what a server would read, certificates too, and starts nothing; mistakes leave as they do everywhere, all at once.
 * What a server would start with but clients will stumble over, such as an expired certificate, is a mistake here, and so is a file that
 * the server's user cannot read.
 */
import type { Configuration } from '../config/configuration.js';
import { kebab, optionNames } from '../config/options.js';
import { ConfigurationError } from '../config/setting.js';
import { CertificateError } from '../tls/certificate-error.js';
import { readCertificates } from '../tls/certificates.js';
import { jsonFlag, optionFlags, type Command, type Invocation } from './command.js';
import { fileMistakes } from './configuration-files.js';
import { exit } from './exit.js';
import { print, printJson, printTable } from './terminal.js';

async function check(invocation: Invocation): Promise<number> {
  const { configuration } = invocation.load();
  const sentences = [...certificateMistakes(configuration), ...(await fileMistakes(configuration))];
  if (sentences.length > 0)
    throw new ConfigurationError(sentences.map((sentence) => ({ sentence, fault: 'configuration' })));
  await print('The configuration is sound.\n');
  return exit.fine;
}

/** What a server would start with but clients will stumble over, and what it would not start with. */
export function certificateMistakes(configuration: Configuration): readonly string[] {
  try {
    return readCertificates(configuration)?.warnings ?? [];
  } catch (error) {
    if (error instanceof CertificateError) return error.sentences;
    throw error;
  }
}

async function show(invocation: Invocation): Promise<number> {
  const { configuration, settings } = invocation.load();
  if (!invocation.has(jsonFlag.name)) {
    const rows = optionNames.map((name) => [kebab(name), settings[name].text, settings[name].source]);
    await printTable(['option', 'value', 'source'], rows);
    return exit.fine;
  }
  const entries = optionNames.map((name) => [
    kebab(name),
    { value: configuration[name], source: settings[name].source },
  ]);
  await printJson(Object.fromEntries(entries));
  return exit.fine;
}

export const configurationCommands: readonly Command[] = [
  {
    words: 'config check',
    summary: 'Name every mistake in the configuration at once.',
    operands: [],
    flags: optionFlags(...optionNames),
    examples: ['config check', 'config check --config /etc/pennypost.toml'],
    run: check,
  },
  {
    words: 'config show',
    summary: 'Show each option with its value and where that came from.',
    operands: [],
    flags: [jsonFlag, ...optionFlags(...optionNames)],
    examples: ['config show', 'config show --json'],
    run: show,
  },
];
