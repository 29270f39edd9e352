/**
 * The process of the SMTP load generator: its only argument is an SmtpClientLoad in JSON. The sessions send to the recipients in turn,
 * and begin together, when all are open. Prints one LoadResult; a session that fails ends it with status 1.
 */
import type { LoadResult, LoadWindow } from './result.js';
import { percentile, percentiles } from '../measure/statistics.js';
import type { SmtpClientLoad } from './smtp.js';
import { runSmtpClient } from './smtp-client.js';

interface Sample {
  readonly atMs: number;
  readonly tookMs: number;
}

const WINDOW_MS = 1000;
const load = JSON.parse(process.argv[2] as string) as SmtpClientLoad;
const { port, sessions, octets, verb, seconds, warmUpSeconds, to, login } = load;
const samples: Sample[] = [];
let [waiting, warmMs, endMs, beganAtMs] = [sessions, 0, 0, 0];
let begin: () => void = () => undefined;
const begun = new Promise<void>((resolve) => (begin = resolve));

await Promise.all(
  Array.from({ length: sessions }, (_, session) =>
    runSmtpClient({
      port,
      to: to[session % to.length] as string,
      octets,
      chunking: verb === 'bdat',
      ...(login !== undefined && { login }),
      ready: () => isReady(),
      goesOn: () => performance.now() < endMs,
      took: (tookMs) => samples.push({ atMs: performance.now(), tookMs }),
    }),
  ),
);

const measured = samples.filter(({ atMs }) => atMs >= warmMs && atMs < endMs);
const { p50 = 0, p99 = 0, p999 = 0 } = percentiles(measured.map(({ tookMs }) => tookMs)) ?? {};
const result: LoadResult = {
  total: samples.length,
  count: measured.length,
  seconds,
  octets: samples.length * octets,
  p50,
  p99,
  p999,
  windows: windows(measured),
  beganAtMs,
};
process.stdout.write(`${JSON.stringify(result)}\n`);

function isReady(): Promise<void> {
  waiting -= 1;
  if (waiting > 0) return begun;
  beganAtMs = Date.now();
  warmMs = performance.now() + warmUpSeconds * 1000;
  endMs = warmMs + seconds * 1000;
  begin();
  return begun;
}

function windows(all: readonly Sample[]): readonly LoadWindow[] {
  const cut = new Map<number, number[]>();
  for (const { atMs, tookMs } of all) {
    const at = Math.floor((atMs - warmMs) / WINDOW_MS) + 1;
    const window = cut.get(at);
    if (window === undefined) cut.set(at, [tookMs]);
    else window.push(tookMs);
  }
  return [...cut].map(([at, times]) => ({
    atSeconds: (at * WINDOW_MS) / 1000,
    count: times.length,
    p50: percentile(times, 0.5) ?? 0,
    p99: percentile(times, 0.99) ?? 0,
  }));
}
