/** The generated pages, those of Markdown in the form in which the formatter leaves them: writing one and formatting it changes nothing. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { configurationPage } from './configuration.js';
import { withFolders } from './folders.js';
import { manualPage } from './manual.js';
import { metricsPage } from './metrics.js';
import { protocolsPage } from './protocols.js';

export interface Page {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DOCS = `${ROOT}docs/`;
const ARCHITECTURE = `${ROOT}ARCHITECTURE.md`;

export async function generatedPages(): Promise<readonly Page[]> {
  const markdown = [
    page(`${DOCS}protocols.md`, protocolsPage()),
    page(`${DOCS}configuration.md`, configurationPage()),
    page(`${DOCS}metrics.md`, metricsPage()),
    page(ARCHITECTURE, withFolders(readFileSync(ARCHITECTURE, 'utf8'))),
  ];
  return [...(await Promise.all(markdown)), { path: `${DOCS}pennypost.1`, text: manualPage() }];
}

async function page(path: string, markdown: string): Promise<Page> {
  return { path, text: await format(markdown, { ...(await resolveConfig(path)), parser: 'markdown' }) };
}
