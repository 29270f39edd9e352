/** The files that the build made of the page (pages/), under names that change with what is in them, so that a browser may keep them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

export interface PageFile {
  readonly name: string;
  readonly type: string;
  readonly content: Buffer;
}

const FOLDER = new URL('./pages/', import.meta.url);
const SOURCES = [
  ['main.js', 'text/javascript; charset=utf-8'],
  ['style.css', 'text/css; charset=utf-8'],
] as const;

export class PageFiles {
  #files: Promise<readonly PageFile[]> | undefined;

  /** Script and style, read when somebody first asks. */
  files(): Promise<readonly PageFile[]> {
    this.#files ??= Promise.all(SOURCES.map(([name, type]) => load(name, type)));
    return this.#files;
  }
}

async function load(name: string, type: string): Promise<PageFile> {
  const content = await readFile(new URL(name, FOLDER));
  const print = createHash('sha256').update(content).digest('hex').slice(0, 16);
  return { name: name.replace('.', `-${print}.`), type, content };
}
