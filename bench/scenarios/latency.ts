/** The time from DATA, or from BDAT, to the 250, seen by a client of the benchmark's own. */
import { smtpLatency } from '../load/smtp.js';
import type { LoadResult } from '../load/result.js';
import { measure, type Figures, type Work } from '../measure/figures.js';
import type { Instance, PeerName } from '../peers/peer.js';
import type { Bench, Scenario } from '../scenario.js';
import { SIZES, type Size } from './accept.js';

interface Latency {
  readonly verb: 'data' | 'bdat';
  readonly sessions: number;
  readonly size: Size;
}

const SESSIONS = [1, 20, 100, 400] as const;
const LARGE_SESSIONS = 4;
const BYTES_PER_MEGABYTE = 1e6;

export function latencyScenarios(): readonly Scenario[] {
  const verbs = ['data', 'bdat'] as const;
  return verbs.flatMap((verb) => [
    ...SESSIONS.map((sessions) => latencyScenario({ verb, sessions, size: '4k' })),
    latencyScenario({ verb, sessions: LARGE_SESSIONS, size: '1m' }),
  ]);
}

/** What the load generators of ours report, as work and figures. */
export function workOf(result: LoadResult): Work {
  const { total, count, seconds, octets, p50, p99, p999, windows } = result;
  const megabytes = ((octets / Math.max(1, total)) * (count / seconds)) / BYTES_PER_MEGABYTE;
  return { total, count, seconds, figures: { megabytes, p50Ms: p50, p99Ms: p99, p999Ms: p999, windows } };
}

function latencyScenario(what: Latency): Scenario {
  const { verb, sessions, size } = what;
  const target = verb === 'data' && sessions === 100;
  return {
    name: `${verb}-${sessions}-${size}`,
    title: `${verb.toUpperCase()} to 250, ${sessions} ${sessions === 1 ? 'session' : 'sessions'}, ${size.toUpperCase()}B`,
    unit: 'messages',
    form: target ? 'target' : 'plain',
    peers: peersOf(verb),
    run: (instance, bench) => latency(what, instance, bench),
  };
}

/** smtp-sink and smtp-server know no BDAT. */
function peersOf(verb: Latency['verb']): readonly PeerName[] {
  return verb === 'bdat' ? ['pennypost', 'postfix'] : ['pennypost', 'postfix', 'node'];
}

async function latency({ verb, sessions, size }: Latency, instance: Instance, { pace }: Bench): Promise<Figures> {
  const { seconds, warmUpSeconds } = pace;
  const load = { port: instance.smtpPort ?? 0, verb, sessions, octets: SIZES[size], seconds, warmUpSeconds };
  return measure(instance, async () => workOf(await smtpLatency(load)));
}
