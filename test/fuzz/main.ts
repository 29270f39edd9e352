/** `npm run fuzz -- --minutes N --seed S`, and `--session K` for one session of an earlier run. */
import minimist from 'minimist';
import { exitWhenInterrupted } from '../support/interrupt.js';
import { Server } from '../support/server.js';
import { fuzz } from './fuzz.js';

const MINUTE_MS = 60_000;
const {
  minutes = 1,
  seed = Math.trunc(Math.random() * 2 ** 31),
  session,
} = minimist(process.argv.slice(2)) as {
  readonly minutes?: number;
  readonly seed?: number;
  readonly session?: number;
};

console.log(`--minutes ${minutes} --seed ${seed}`);
exitWhenInterrupted();
const server = await Server.start();
try {
  const tell = (text: string): void => console.log(text);
  const { states, ...counts } = await fuzz({ server, seed, durationMs: minutes * MINUTE_MS, only: session, tell });
  console.log({ ...counts, states: Object.fromEntries(states) });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await server.release();
}
