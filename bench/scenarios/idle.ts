/** Memory of a server that has just started and has nothing to do. */
import { setTimeout as pause } from 'node:timers/promises';
import { memoryMiB } from '../measure/usage.js';
import type { Scenario } from '../scenario.js';

const REST_MS = 2000;

export const idleScenario: Scenario = {
  name: 'idle',
  title: 'memory of all processes, idle',
  unit: '',
  form: 'target',
  peers: ['pennypost', 'postfix+dovecot'],
  async run({ roots }) {
    await pause(REST_MS);
    return { memoryMiB: memoryMiB(roots) };
  },
};
