/**
 * Mocha's usual report, and which files took the time: .mocharc.json begins with the longest. Where FAILED_TEST_FILES names a file, the
 * paths of the test files that failed are written there, one a line, for `.ci/run` to run them once more with nothing beside them.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import Mocha from 'mocha';

const LONGEST = 12;
const { EVENT_RUN_END, EVENT_TEST_END, EVENT_TEST_FAIL } = Mocha.Runner.constants;

export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failed = new Set<string>();
    const tookMs = new Map<string, number>();
    runner.on(EVENT_TEST_FAIL, (test) => failed.add(fileOf(test)));
    runner.on(EVENT_TEST_END, (test: Mocha.Test) =>
      tookMs.set(fileOf(test), (tookMs.get(fileOf(test)) ?? 0) + (test.duration ?? 0)),
    );
    runner.on(EVENT_RUN_END, () => {
      console.log(longest(tookMs));
      const path = process.env['FAILED_TEST_FILES'];
      if (path !== undefined) writeFileSync(path, [...failed].map((file) => `${file}\n`).join(''));
    });
  }
}

function fileOf({ file, parent }: Mocha.Runnable): string {
  return file ?? parent?.file ?? 'unknown';
}

/** Their tests alone, without what is done before and after them. */
function longest(tookMs: ReadonlyMap<string, number>): string {
  const files = [...tookMs].toSorted(([, one], [, other]) => other - one).slice(0, LONGEST);
  const named = files.map(([file, ms]) => `${relative('dist/test', file)} ${Math.round(ms / 1000)} s`);
  return `  The longest: ${named.join(', ')}\n`;
}
