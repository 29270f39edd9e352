/** All sessions of one attack at once, each begun anew when it has ended, until the process is told to stop. */
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Attack, Victim } from './attack.js';
import type { AttackersData } from './attackers.js';
import { attacks } from './attacks.js';
import { goBelow } from './below.js';

/** Between the sessions of one attacker: a server that refuses is not asked without end. */
const AGAIN_MS = 10;

const { name, victim } = (await goBelow()) as AttackersData;
const stop = new AbortController();
process.once('message', () => stop.abort());
await begin(attacks.find((one) => one.name === name) as Attack, stop.signal);
process.disconnect();

async function begin(attack: Attack, signal: AbortSignal): Promise<void> {
  setMaxListeners(attack.sessions, signal); // Each session puts one thing under the signal.
  await Promise.all(Array.from({ length: attack.sessions }, (_, number) => persist(attack, victim, number, signal)));
}

async function persist(attack: Attack, victim: Victim, number: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await attack.attack(victim, number, signal).catch(() => undefined);
    await pause(attack.awayMs ?? AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}
