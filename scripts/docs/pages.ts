/** The generated pages, in the form in which the formatter leaves them: writing one and formatting it changes nothing. */
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { configurationPage } from './configuration.js';
import { protocolsPage } from './protocols.js';

export interface Page {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));

export function generatedPages(): Promise<readonly Page[]> {
  return Promise.all([page('protocols.md', protocolsPage()), page('configuration.md', configurationPage())]);
}

async function page(name: string, markdown: string): Promise<Page> {
  const path = `${DOCS}${name}`;
  return { path, text: await format(markdown, { ...(await resolveConfig(path)), parser: 'markdown' }) };
}
