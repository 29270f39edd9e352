/** The table of what is measured: stages in the order in which a round goes through them, each with its scenarios. */
import type { Instance } from './peers/peer.js';
import { boxes } from './peers/accounts.js';
import type { Form, Scenario, Stage } from './scenario.js';
import { acceptKept, acceptScenarios } from './scenarios/accept.js';
import { latencyThroughScenario, queueScenario, senderMemoryScenario } from './scenarios/queue.js';
import { idleScenario } from './scenarios/idle.js';
import { latencyScenarios } from './scenarios/latency.js';
import { mixScenario } from './scenarios/mix.js';
import { fillForRemoval, fillMaildrops, readingScenarios, removalScenario } from './scenarios/pop3.js';

const WORKERS = 2;
const RECIPIENTS = 50;
const STORED_OCTETS = 4096;

interface Growth {
  readonly name: string;
  readonly messages: number;
  readonly form: Form;
}

const GROWTH: readonly Growth[] = [
  { name: 'stored-0', messages: 0, form: 'plain' },
  { name: 'stored-10k', messages: 10_000, form: 'plain' },
  { name: 'stored-100k', messages: 100_000, form: 'plain' },
  { name: 'stored-1m', messages: 1_000_000, form: 'plain' },
];
const WORKER_COUNTS = [1, 2, 4, 8];
/** Figures of a target need as many rounds as the target rows, but are too long for the short form. */
const TARGETS_OF_PLAIN = /^(?:stored-0|stored-1m|queue-.*)$/;
const DEAD = { recipients: 100_000, destinations: 1, isDead: true };
const MILLION = { recipients: 1_000_000, destinations: 1_000, isDead: false };

export const stages: readonly Stage[] = [
  stage('idle', [idleScenario]),
  stage('smtp', [...acceptScenarios(), ...latencyScenarios()]),
  ...WORKER_COUNTS.map((workers) => ({ ...stage(`workers-${workers}`, [workersScenario(workers)]), workers })),
  { ...stage('pop3', readingScenarios()), keepsHomes: true, prepare: fillMaildrops },
  { ...stage('pop3-remove', [removalScenario()]), prepare: fillForRemoval },
  ...GROWTH.map((growth) => ({
    ...stage(growth.name, [growthScenario(growth)]),
    keepsHomes: growth.messages > 0,
    prepare: (instance: Instance) => fillStore(instance, growth.messages),
  })),
  stage('mix', [mixScenario]),
  {
    ...stage('queue', [queueScenario('queue-20-4k', '', ['pennypost', 'postfix']), latencyThroughScenario]),
    sends: true,
  },
  {
    ...stage('queue-dead', [queueScenario('queue-behind-100k', ', 100,000 waiting for a dead server', ['pennypost'])]),
    ...{ sends: true, waiting: DEAD },
  },
  { ...stage('queue-million', [senderMemoryScenario]), sends: true, waiting: MILLION },
  stage('queue-local-off', [localScenario('off')]),
  { ...stage('queue-local-on', [localScenario('on')]), sends: true },
];

export const scenarios: readonly Scenario[] = stages.flatMap((one) => one.scenarios);

/** Whether a scenario takes part in every round of the plain form. */
export function isRepeated({ name, form }: Scenario): boolean {
  return form === 'target' || TARGETS_OF_PLAIN.test(name);
}

function stage(name: string, of: readonly Scenario[]): Stage {
  return { name, workers: WORKERS, keepsHomes: false, scenarios: of };
}

function workersScenario(workers: number): Scenario {
  return {
    name: `workers-${workers}`,
    title: `accept, connections kept, 100 sessions, 4KB, ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    unit: 'messages',
    form: workers === WORKERS || workers === Math.max(...WORKER_COUNTS) ? 'target' : 'plain',
    peers: ['pennypost'],
    // So that each process has compiled its code, however many there are.
    run: (instance, bench) => acceptKept(instance, bench, Math.max(1, workers / WORKERS)),
  };
}

function localScenario(out: 'on' | 'off'): Scenario {
  return {
    name: `queue-local-${out}`,
    title: `accept, connections kept, 100 sessions, 4KB, all of it for here, mail out ${out}`,
    unit: 'messages',
    form: 'plain',
    peers: ['pennypost'],
    run: acceptKept,
  };
}

function growthScenario({ name, messages, form }: Growth): Scenario {
  return {
    name,
    title: `accept, connections kept, 100 sessions, 4KB, ${messages.toLocaleString('en')} messages stored`,
    unit: 'messages',
    form,
    peers: ['pennypost'],
    run: acceptKept,
  };
}

/** Each message to fifty accounts: as many rows, fewer bodies. */
async function fillStore(instance: Instance, messages: number): Promise<void> {
  await instance.fill?.({ accounts: boxes(RECIPIENTS), messages: messages / RECIPIENTS, octets: STORED_OCTETS });
}
