/** What monitors are told, asked of whoever knows it: the supervisors of the database, its store, and the certificates that are served. */
import { X509Certificate } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { version } from '../config/version.js';
import type { TlsMaterial } from '../net/tls.js';
import { StoreError } from '../store/errors.js';
import { driverOf } from '../store/open.js';
import type { StoreStatus } from '../store/status.js';
import type { Certificate, Measured } from '../web/metrics.js';
import type { Problems } from '../web/server-health.js';
import { askSupervisors } from './control/control-client.js';
import { serverStatus } from './control/server-status.js';

/** For the store to tell of itself: a monitor waits no longer either. */
const STATUS_LIMIT_MS = 3_000;

/** As `pennypost status` judges it, in sentences. */
export async function problemsOf(db: string): Promise<Problems> {
  const [answers, store] = await Promise.all([askSupervisors(db, 'status'), statusOf(db)]);
  if (answers.length === 0) return ['no supervisor answers'];
  return serverStatus(db, answers, store).problems;
}

/** What does not answer is left out. */
export async function measure(db: string, certificates: readonly Certificate[]): Promise<Measured> {
  const [answers, store] = await Promise.all([askSupervisors(db, 'status'), statusOf(db)]);
  const supervisors = answers.flatMap((each) => ('result' in each ? [each.result] : []));
  const isReady = serverStatus(db, answers, store).healthy && supervisors.length > 0;
  return {
    ...{ version: version(), certificates, store, isReady },
    processes: supervisors.flatMap(({ pid, state, samples, processes }) => [
      { role: 'supervisor', pid, state, samples },
      ...processes,
    ]),
    restarts: summed(supervisors.map(({ restarts }) => restarts)),
  };
}

export function certificatesOf(tls: TlsMaterial | undefined): readonly Certificate[] {
  return (tls?.keys ?? []).map(({ certificate }) => {
    const { subject, subjectAltName = subject, validTo } = new X509Certificate(certificate);
    return { name: subjectAltName.split(', ')[0]?.replace(/^DNS:/, '') ?? '', notAfterMs: Date.parse(validTo) };
  });
}

async function statusOf(db: string): Promise<StoreStatus | undefined> {
  try {
    return await Promise.race([driverOf(db).readStatus(db), pause(STATUS_LIMIT_MS, undefined, { ref: false })]);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return undefined;
  }
}

function summed(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const [name, value] of all.flatMap((each) => Object.entries(each)))
    sums.set(name, (sums.get(name) ?? 0) + value);
  return Object.fromEntries(sums);
}
