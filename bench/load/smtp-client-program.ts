/**
 * The process of the SMTP load generator: PORT SESSIONS OCTETS data|bdat SECONDS WARM-UP TO...
 * The sessions send to the recipients in turn.
 * Prints one LoadResult; a session that fails ends it with status 1.
 */
import type { LoadResult, LoadWindow } from './result.js';
import { percentile, percentiles } from '../measure/statistics.js';
import { runSmtpClient } from './smtp-client.js';

interface Sample {
  readonly atMs: number;
  readonly tookMs: number;
}

const WINDOW_MS = 1000;
const [port, sessions, octets, verb, seconds, warmUpSeconds, ...recipients] = process.argv.slice(2);
const warmMs = performance.now() + Number(warmUpSeconds) * 1000;
const endMs = warmMs + Number(seconds) * 1000;
const samples: Sample[] = [];

await Promise.all(
  Array.from({ length: Number(sessions) }, (_, session) =>
    runSmtpClient({
      port: Number(port),
      to: recipients[session % recipients.length] as string,
      octets: Number(octets),
      chunking: verb === 'bdat',
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
  seconds: Number(seconds),
  octets: samples.length * Number(octets),
  p50,
  p99,
  p999,
  windows: windows(measured),
};
process.stdout.write(`${JSON.stringify(result)}\n`);

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
