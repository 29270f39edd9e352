/** `npm run soak -- --sessions N --seed S`. Ends with status 1 when a process ended, grew, or a message is not as it was said. */
import minimist from 'minimist';
import { exitWhenInterrupted } from '../support/interrupt.js';
import { soak } from './soak.js';

const TOLD_MS = 5_000;
const {
  sessions = 10_000,
  seed = Math.trunc(Math.random() * 2 ** 31),
  clients,
} = minimist(process.argv.slice(2)) as Partial<Record<'sessions' | 'seed' | 'clients', number>>;

console.log(`--sessions ${sessions} --seed ${seed}`);
exitWhenInterrupted();
let toldMs = performance.now();
const tell = (done: number): void => {
  if (performance.now() - toldMs < TOLD_MS && done < sessions) return;
  toldMs = performance.now();
  console.error(`${done} of ${sessions} sessions`);
};
const { footprints, faults, lost, torn, compared } = await soak({
  sessions,
  seed,
  tell,
  ...(clients !== undefined && { clients }),
});
console.table(footprints);
for (const text of [...faults, ...lost.map((id) => `LOST: ${id}`), ...torn.map((id) => `TORN: ${id}`)])
  console.log(text);
console.log(`${compared} messages acknowledged, ${lost.length} lost, ${torn.length} torn, ${faults.length} faults`);
process.exitCode = faults.length + lost.length + torn.length === 0 ? 0 : 1;
