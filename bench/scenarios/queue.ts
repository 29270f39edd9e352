/**
 * Mail that goes on to another server: accepted, queued and sent, measured until the last message has arrived there and has left the
 * queue. And what the queue costs otherwise: memory of the sender, and of local mail the pace.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { latencyThrough, smtpLatency } from '../load/smtp.js';
import { measure, type Figures, type Work } from '../measure/figures.js';
import { memoryMiB } from '../measure/usage.js';
import type { Instance, PeerName } from '../peers/peer.js';
import { startSink } from '../peers/smtp-sink.js';
import { stopServer } from '../processes/server.js';
import { processTree } from '../processes/tree.js';
import type { Bench, Scenario } from '../scenario.js';
import { SIZES } from './accept.js';

const SESSIONS = 20;
const OCTETS = SIZES['4k'];
const TO = 'sink@elsewhere.example';
/** The code of the whole way is compiled by then, and the connections are as many as they become. */
const WARM_UPS = 2;
const SAMPLES = 20;
const SAMPLE_MS = 200;
const BYTES_PER_MEGABYTE = 1e6;

export function queueScenario(name: string, what: string, peers: readonly PeerName[]): Scenario {
  return {
    name,
    title: `queue and send on, ${SESSIONS} sessions, 4KB${what}`,
    unit: 'messages',
    form: 'plain',
    peers,
    run: (instance, bench) => withSink(instance, bench, () => sendOn(instance, bench)),
  };
}

export const latencyThroughScenario: Scenario = {
  name: 'queue-latency',
  title: "from the client's 250 to the next server's, one message at a time, 4KB",
  unit: 'messages',
  form: 'plain',
  peers: ['pennypost', 'postfix'],
  async run(
    { smtpPort = 0, submissionPort: port = smtpPort, relayPort = 0, login },
    { pace: { seconds, warmUpSeconds } },
  ) {
    const load = { port, relayPort, octets: OCTETS, to: TO, seconds, warmUpSeconds };
    const { p50, p99, p999 } = await latencyThrough({ ...load, ...(login !== undefined && { login }) });
    return { p50Ms: p50, p99Ms: p99, p999Ms: p999 };
  },
};

/** Most of it waits for room; the sender takes from the queue as fast as it may. */
export const senderMemoryScenario: Scenario = {
  name: 'queue-memory-1m',
  title: 'memory of the process that sends, at work, a million recipients waiting',
  unit: '',
  form: 'plain',
  peers: ['pennypost'],
  run: (instance, bench) =>
    withSink(instance, bench, async () => {
      let most = 0;
      for (let sample = 0; sample < SAMPLES; sample++) {
        await pause(SAMPLE_MS);
        most = Math.max(most, memoryMiB([senderOf(instance)]));
      }
      return { memoryMiB: most };
    }),
};

async function withSink(instance: Instance, { data }: Bench, work: () => Promise<Figures>): Promise<Figures> {
  const sink = await startSink(data, instance.relayPort ?? 0);
  try {
    return await work();
  } finally {
    await stopServer(sink);
  }
}

async function sendOn(instance: Instance, { pace: { seconds } }: Bench): Promise<Figures> {
  for (let time = 0; time < WARM_UPS; time++) await through(instance, seconds);
  return measure(instance, () => through(instance, seconds));
}

async function through(instance: Instance, seconds: number): Promise<Work> {
  const { smtpPort = 0, submissionPort: port = smtpPort, login } = instance;
  const { total, beganAtMs = 0 } = await smtpLatency({
    ...{ port, sessions: SESSIONS, octets: OCTETS, verb: 'data', seconds, warmUpSeconds: 0, to: [TO] },
    ...(login !== undefined && { login }),
  });
  await instance.settle();
  const tookSeconds = (Date.now() - beganAtMs) / 1000;
  return {
    count: total,
    seconds: tookSeconds,
    figures: { megabytes: (total * OCTETS) / tookSeconds / BYTES_PER_MEGABYTE },
  };
}

function senderOf({ roots }: Instance): number {
  const isSender = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes('sender');
  const found = processTree(roots).find(({ pid }) => isSender(pid));
  if (found === undefined) throw new Error('there is no process that sends');
  return found.pid;
}
