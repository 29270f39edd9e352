/** The generated pages, those of Markdown in the form in which the formatter leaves them: writing one and formatting it changes nothing. */
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { configurationPage } from './configuration.js';
import { manualPage } from './manual.js';
import { protocolsPage } from './protocols.js';

export interface Page {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));

export async function generatedPages(): Promise<readonly Page[]> {
  const markdown = [page('protocols.md', protocolsPage()), page('configuration.md', configurationPage())];
  return [...(await Promise.all(markdown)), { path: `${DOCS}pennypost.1`, text: manualPage() }];
}

async function page(name: string, markdown: string): Promise<Page> {
  const path = `${DOCS}${name}`;
  return { path, text: await format(markdown, { ...(await resolveConfig(path)), parser: 'markdown' }) };
}
