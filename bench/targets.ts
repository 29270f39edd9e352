/**
 * The ratios that Pennypost is built for, in one run on one machine. `atLeast` is how many times better Pennypost is:
 * its rate divided by the other's, or the other's time or memory divided by its own.
 */
import type { FigureName } from './measure/figures.js';
import type { PeerName } from './peers/peer.js';

export interface Target {
  readonly work: string;
  readonly scenario: string;
  readonly figure: FigureName;
  readonly better: 'more' | 'less';
  /** `figure`: that is set, instead of one that is measured. */
  readonly against: { readonly peer: PeerName; readonly scenario?: string; readonly figure?: number };
  readonly atLeast: number;
  /** Added to the other's figure before the two are compared. */
  readonly allowance?: number;
}

export const targets: readonly Target[] = [
  rate('accept, new connection, 20 sessions, 4 KB', 'new-20-4k', 'postfix', 4),
  rate('accept, persistent, 100 sessions, 4 KB', 'kept-100-4k', 'postfix', 10),
  rate('accept, new connection, 20 sessions, 4 KB', 'new-20-4k', 'smtp-sink', 0.65),
  rate('accept, persistent, 100 sessions, 4 KB', 'kept-100-4k', 'smtp-sink', 0.65),
  rate('accept, persistent, 20 sessions', 'kept-20-4k', 'node', 3.5),
  { ...rate('accept 20 MB messages, MB/s', 'kept-4-20m', 'postfix', 1), figure: 'megabytes' },
  less('p99 of DATA-to-250 at 100 sessions', 'data-100-4k', 'postfix', 5, 'p99Ms'),
  rate('POP3 sessions with login', 'pop3-login', 'dovecot', 3),
  rate('RETR one by one, 4 KB', 'pop3-retr', 'dovecot', 1.8),
  rate('RETR pipelined, 4 KB', 'pop3-pipelined', 'dovecot', 2),
  less('STAT on 100,000 messages from connect', 'stat-100000', 'dovecot', 1, 'p50Ms'),
  {
    ...rate('throughput at 8 workers', 'workers-8', 'pennypost', 0.8),
    against: { peer: 'pennypost', scenario: 'workers-2' },
  },
  {
    ...rate('throughput with a million messages stored', 'stored-1m', 'pennypost', 0.85),
    against: { peer: 'pennypost', scenario: 'stored-0' },
  },
  rate('queue and send on, 20 sessions, 4 KB', 'queue-20-4k', 'postfix', 3),
  {
    ...rate('the same with 100,000 waiting for a dead server', 'queue-behind-100k', 'pennypost', 0.9),
    against: { peer: 'pennypost', scenario: 'queue-20-4k' },
  },
  less("from one 250 to the next server's, quiet", 'queue-latency', 'postfix', 1, 'p50Ms'),
  {
    ...less('memory of the sender, a million waiting', 'queue-memory-1m', 'pennypost', 1, 'memoryMiB'),
    against: { peer: 'pennypost', figure: 150 },
  },
  {
    ...rate('accept local mail, mail out switched on', 'queue-local-on', 'pennypost', 0.98),
    against: { peer: 'pennypost', scenario: 'queue-local-off' },
  },
  { ...less('memory, idle, all processes', 'idle', 'postfix+dovecot', 1, 'memoryMiB'), allowance: 150 },
];

function rate(work: string, scenario: string, peer: PeerName, atLeast: number): Target {
  return { work, scenario, figure: 'rate', better: 'more', against: { peer }, atLeast };
}

function less(work: string, scenario: string, peer: PeerName, atLeast: number, figure: FigureName): Target {
  return { work, scenario, figure, better: 'less', against: { peer }, atLeast };
}
