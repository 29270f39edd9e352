/**
 * Mocha's usual report. Where FAILED_TEST_FILES names a file, the paths of the test files that failed are written there, one a line,
 * for `.ci/run` to run them once more with nothing beside them.
 */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failed = new Set<string>();
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, ({ file, parent }) =>
      failed.add(file ?? parent?.file ?? 'unknown'),
    );
    runner.on(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const path = process.env['FAILED_TEST_FILES'];
      if (path !== undefined) writeFileSync(path, [...failed].map((file) => `${file}\n`).join(''));
    });
  }
}
