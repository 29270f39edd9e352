#!/usr/bin/env node
/**
 * What `pennypost` runs: hands the arguments to cli/ and ends with its status.
 * Imports nothing before it has looked at Node, which would fail on the first module it is too old for.
 */
const OLDEST: readonly [major: number, minor: number] = [20, 19];
/** Never a release for long use, and there is no SQLite driver for it. */
const LEFT_OUT = 21;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]) || major === LEFT_OUT) {
  process.stderr.write(
    `pennypost: Node ${OLDEST.join('.')}, or 22 or later, is needed; this is ${process.versions.node}.\n`,
  );
  process.exit(1);
}

// It asks a server to read its configuration, which has not been read yet; without a listener it would end the process.
if (['serve', 'smtp', 'pop3'].includes(process.argv[2] ?? '')) process.on('SIGHUP', () => undefined);

// Mail is its owner's alone: whatever this process or one that it starts makes, nobody else may read.
process.umask(0o077);

const { run } = await import('./cli/entry.js');
process.exit(await run(process.argv.slice(2)));
