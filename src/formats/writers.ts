/** Which writer a format has. */
import { EmlWriter } from './eml-writer.js';
import { MaildirWriter } from './maildir-writer.js';
import type { MailboxWriter, WrittenFormat } from './mailbox.js';
import { MboxWriter } from './mbox-writer.js';

export interface Output {
  readonly path: string;
  /** Whether a file of that name is replaced; a folder never is. */
  readonly replaces: boolean;
  /** At most so many will come. */
  readonly messages: number;
}

const WRITERS: Readonly<Record<WrittenFormat, (output: Output) => Promise<MailboxWriter>>> = {
  mbox: ({ path, replaces }) => MboxWriter.open(path, replaces),
  maildir: ({ path, messages }) => MaildirWriter.open(path, messages),
  eml: ({ path }) => EmlWriter.open(path),
  zip: async ({ path, replaces }) => (await import('./zip-writer.js')).ZipWriter.open(path, replaces),
};

export const writtenFormats = Object.keys(WRITERS) as readonly WrittenFormat[];

/** Those that are a folder. */
export const FOLDER_FORMATS: readonly WrittenFormat[] = ['maildir', 'eml'];

export function openWriter(format: WrittenFormat, output: Output): Promise<MailboxWriter> {
  return WRITERS[format](output);
}
