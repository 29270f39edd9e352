/**
 * All metrics of a server, gathered for one answer: what its processes have measured, what its store tells of the database, and when its
 * certificates end. What does not answer is left out, and is a problem that `ready` shows. The text is prom-client's, loaded with the
 * first answer. A counter is a series for each process, so that one that died takes nothing from another's.
 */
import type { Distribution, StoreStatus } from '../store/status.js';
import { metricFamilies } from './metric-families.js';

export interface MetricSample {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A process, as its supervisor tells of it; itself, too. */
export interface MeasuredProcess {
  readonly role: string;
  readonly pid: number;
  readonly state: string;
  readonly samples?: readonly MetricSample[];
  readonly counts?: Readonly<Record<string, number>>;
}

export interface Measured {
  readonly version: string;
  readonly isReady: boolean;
  readonly processes: readonly MeasuredProcess[];
  /** By role. */
  readonly restarts: Readonly<Record<string, number>>;
  readonly store: StoreStatus | undefined;
  readonly certificates: readonly Certificate[];
}

/** That is served. */
export interface Certificate {
  readonly name: string;
  readonly notAfterMs: number;
}

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/** What roles count for `pennypost status` too, by their own names. */
const COUNTED: Readonly<Record<string, Readonly<Record<string, MetricSample>>>> = {
  sender: {
    delivered: { name: 'attempts_total', labels: { outcome: 'delivered' }, value: 1 },
    deferred: { name: 'attempts_total', labels: { outcome: 'deferred' }, value: 1 },
    failed: { name: 'attempts_total', labels: { outcome: 'failed' }, value: 1 },
    inFlight: { name: 'outbound_connections', value: 1 },
  },
  fetcher: { fetched: { name: 'fetched_messages_total', value: 1 } },
};

function samplesOf(measured: Measured, nowMs: number): readonly MetricSample[] {
  const { version, isReady, processes, restarts, store, certificates } = measured;
  return [
    { name: 'info', labels: { version }, value: 1 },
    { name: 'ready', value: Number(isReady) },
    ...statesOf(processes),
    ...Object.entries(restarts).map(([role, value]) => ({ name: 'process_restarts_total', labels: { role }, value })),
    ...processes.flatMap(ofProcess),
    ...(store === undefined ? [] : ofStore(store, nowMs)),
    ...certificates.map(({ name, notAfterMs }) => ({
      ...{ name: 'certificate_not_after_seconds', labels: { name }, value: notAfterMs / 1000 },
    })),
  ];
}

/** In the format that Prometheus reads. */
export async function metricsText(measured: Measured, nowMs: number): Promise<string> {
  const { AggregatorRegistry } = await import('prom-client');
  const values = groupedBy(samplesOf(measured, nowMs), ({ name }) => name);
  const families = Object.entries(metricFamilies).map(([name, { type, help }]) => ({
    ...{ name: `pennypost_${name}`, help, type, aggregator: 'first' },
    values:
      type === 'histogram'
        ? distributionValues(name, measured.store)
        : (values.get(name) ?? []).map(({ labels = {}, value }): Value => ({ labels, value })),
  }));
  return AggregatorRegistry.aggregate([families.filter((family) => family.values.length > 0)]).metrics();
}

function groupedBy<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

function statesOf(processes: readonly MeasuredProcess[]): readonly MetricSample[] {
  const counts = groupedBy(processes, ({ role, state }) => JSON.stringify({ role, state }));
  return [...counts].map(([labels, found]) => ({
    ...{ name: 'processes', labels: JSON.parse(labels) as Record<string, string>, value: found.length },
  }));
}

function ofProcess({ role, pid, samples = [], counts = {} }: MeasuredProcess): readonly MetricSample[] {
  const named = Object.entries(counts).flatMap(([name, value]) => {
    const sample = COUNTED[role]?.[name];
    return sample === undefined ? [] : [{ ...sample, value }];
  });
  return [...samples, ...named].map((sample) => ({ ...sample, labels: { ...sample.labels, role, pid: String(pid) } }));
}

function ofStore(status: StoreStatus, nowMs: number): readonly MetricSample[] {
  const { queue, unindexed, walBytes } = status;
  return [
    { name: 'messages_stored_total', value: status.messagesAccepted },
    { name: 'commits_total', value: status.commits },
    { name: 'maildrops_open', value: status.maildropsHeld },
    ...(walBytes === null ? [] : [{ name: 'wal_bytes', value: walBytes }]),
    ...(unindexed === null ? [] : [{ name: 'unindexed_messages', value: unindexed }]),
    ...(queue === null ? [] : ofQueue(queue, nowMs)),
  ];
}

function ofQueue(counts: NonNullable<StoreStatus['queue']>, nowMs: number): readonly MetricSample[] {
  const { oldestQueuedAtMs, active, deferred, hold, corrupt } = counts;
  const states = { active, deferred, hold, corrupt };
  const oldest = oldestQueuedAtMs === null ? 0 : Math.max(0, (nowMs - oldestQueuedAtMs) / 1000);
  return [
    ...Object.entries(states).map(([state, value]) => ({ name: 'queue_recipients', labels: { state }, value })),
    { name: 'queue_oldest_seconds', value: oldest },
  ];
}

/** A bucket holds what is in all smaller ones, too. */
function distributionValues(name: string, store: StoreStatus | undefined): readonly Value[] {
  const distribution = store && DISTRIBUTIONS[name]?.(store);
  if (distribution === undefined || distribution === null) return [];
  const { bounds, counts, count, sum } = distribution;
  const bucket = (le: number | string, value: number): Value => ({
    ...{ value, labels: { le }, metricName: `pennypost_${name}_bucket` },
  });
  let below = 0;
  return [
    ...bounds.map((bound, at) => bucket(bound, (below += counts[at] ?? 0))),
    bucket('+Inf', count),
    { value: sum, labels: {}, metricName: `pennypost_${name}_sum` },
    { value: count, labels: {}, metricName: `pennypost_${name}_count` },
  ];
}

const DISTRIBUTIONS: Readonly<Record<string, (store: StoreStatus) => Distribution | null>> = {
  commit_seconds: ({ commitSeconds }) => commitSeconds,
  commit_writes: ({ commitWrites }) => commitWrites,
};
