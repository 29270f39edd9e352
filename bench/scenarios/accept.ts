/** Accepting mail, driven by smtp-source: sessions, sizes, recipients, new connections and kept ones. */
import { smtpSource, warmUp, type SmtpLoad } from '../load/smtp-source.js';
import { measure, type Figures, type Work } from '../measure/figures.js';
import type { Instance, PeerName } from '../peers/peer.js';
import { BOXES } from '../peers/accounts.js';
import type { Bench, Form, Scenario } from '../scenario.js';

export const SIZES = { '1k': 1024, '4k': 4096, '64k': 65_536, '1m': 1_048_576, '20m': 20_971_520 } as const;
export type Size = keyof typeof SIZES;

export interface Accept {
  readonly kept: boolean;
  readonly sessions: number;
  readonly size: Size;
  readonly recipients: number;
}

const SESSIONS = [1, 20, 100, 400] as const;
const TARGETS = ['new-20-4k', 'kept-100-4k', 'kept-20-4k', 'kept-4-20m'];
const LIMIT_FACTOR = 10;
const GRACE_SECONDS = 60;
/**
 * All peers alike. What a connection costs at its beginning and its end is compiled last: in Pennypost the first thousand messages with
 * a connection each take three times the processor's time of those after the first eight thousand, and a server runs for months.
 */
const WARM_UPS_OF_NEW = 5;
const BYTES_PER_MEGABYTE = 1e6;

/** Every combination. Those that differ from 20 sessions of 4 KB in one respect alone belong to the plain form. */
export function acceptScenarios(): readonly Scenario[] {
  const all: Accept[] = [{ kept: true, sessions: 4, size: '20m', recipients: 1 }];
  for (const kept of [false, true])
    for (const sessions of SESSIONS)
      for (const size of Object.keys(SIZES) as Size[])
        for (const recipients of [1, BOXES]) all.push({ kept, sessions, size, recipients });
  return all.map(acceptScenario);
}

function acceptName({ kept, sessions, size, recipients }: Accept): string {
  return `${kept ? 'kept' : 'new'}-${sessions}-${size}${recipients === 1 ? '' : `-x${recipients}`}`;
}

/** The load that growth and workers are measured with. */
export function acceptKept(instance: Instance, bench: Bench, warmUps = 1): Promise<Figures> {
  return accept({ kept: true, sessions: 100, size: '4k', recipients: 1 }, instance, bench, warmUps);
}

function acceptScenario(what: Accept): Scenario {
  const { kept, sessions, size, recipients } = what;
  const name = acceptName(what);
  const connection = kept ? 'connections kept' : 'a connection a message';
  const to = recipients === 1 ? '' : `, ${recipients} recipients`;
  return {
    name,
    title: `accept, ${connection}, ${sessions} ${sessions === 1 ? 'session' : 'sessions'}, ${size.toUpperCase()}B${to}`,
    unit: 'messages',
    form: formOf(name, what),
    peers: peersOf(what),
    run: (instance, bench) => accept(what, instance, bench, kept ? 1 : WARM_UPS_OF_NEW),
  };
}

function formOf(name: string, { kept, sessions, size, recipients }: Accept): Form {
  if (TARGETS.includes(name)) return 'target';
  const changes = [sessions !== 20 || !kept, size !== '4k', recipients !== 1].filter(Boolean).length;
  return changes <= 1 ? 'plain' : 'long';
}

/** Dovecot takes part by LMTP, where a delivery agent would keep its connections. */
function peersOf({ kept, recipients }: Accept): readonly PeerName[] {
  return ['pennypost', 'postfix', 'smtp-sink', 'node', ...(kept && recipients === 1 ? (['dovecot'] as const) : [])];
}

async function accept({ size, ...what }: Accept, instance: Instance, { pace }: Bench, warmUps = 1): Promise<Figures> {
  const port = instance.smtpPort ?? instance.lmtpPort ?? 0;
  const load: SmtpLoad = { ...what, port, octets: SIZES[size], lmtp: instance.smtpPort === undefined };
  const messages = await warmUp(load, pace.seconds, warmUps);
  await instance.settle();
  return measure(instance, async (): Promise<Work> => {
    const { seconds } = await smtpSource(load, messages, pace.seconds * LIMIT_FACTOR + GRACE_SECONDS);
    const megabytes = (messages * load.octets) / seconds / BYTES_PER_MEGABYTE;
    return { count: messages, seconds, figures: { megabytes } };
  });
}
