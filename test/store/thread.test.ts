/** A process that ends, in whatever way, does not end a thread of it that loads the SQLite driver: that would abort the process. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const THREAD = new URL('../../src/store/sqlite/database/thread.js', import.meta.url).href;
const LOADING = new URL('../support/loading-thread.js', import.meta.url).href;

/** A process that ends so while its thread loads. */
function program(file: string, ending: string): string {
  return `
    import { Thread } from ${JSON.stringify(THREAD)};
    const loads = new Int32Array(new SharedArrayBuffer(4));
    const options = { module: new URL(${JSON.stringify(LOADING)}), data: { loads, file: ${JSON.stringify(file)} }, memoryMib: 32 };
    new Thread(options, { told: () => undefined, ended: (error) => console.error(error) }).hand('anything');
    const look = setInterval(() => {
      if (Atomics.load(loads, 0) === 0) return;
      clearInterval(look);
      ${ending}
    }, 1);`;
}

describe('a thread that loads the driver', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pennypost-thread-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  for (const [how, ending, status] of [
    ['process.exit', 'process.exit(3)', 3],
    ['an uncaught error', "throw new Error('over')", 1],
    ['nothing left to do', '', 0],
  ] as const)
    it(`is waited for by a process that ends by ${how}`, async () => {
      const file = join(directory, 'loaded');
      const main = join(directory, 'main.mjs');
      writeFileSync(main, program(file, ending));
      const ended = await new Promise<{ readonly code: unknown; readonly signal: unknown }>((resolve) => {
        execFile(process.execPath, [main]).once('exit', (code, signal) => resolve({ code, signal }));
      });
      expect(ended).to.deep.equal({ code: status, signal: null });
      expect(existsSync(file)).to.equal(true);
    });
});
