/** Reading mail, driven by the load generator of pop3-load.c. */
import { pop3Load, type Pop3Load } from '../load/pop3.js';
import { measure } from '../measure/figures.js';
import { boxes, drop, DROP_SIZES, maildrops } from '../peers/accounts.js';
import type { Instance, PeerName } from '../peers/peer.js';
import type { Bench, Scenario } from '../scenario.js';
import { workOf } from './latency.js';

const READERS = 20;
const MESSAGES_TO_READ = 500;
const MESSAGES_TO_REMOVE = 250;
const OCTETS = 4096;
const DROP_OCTETS = 1024;
const DEPTH = 32;
const PEERS: readonly PeerName[] = ['pennypost', 'dovecot'];

/** Each maildrop is opened once after it was filled, so that an index that is made at first sight is there. */
export async function fillMaildrops(instance: Instance, { pop3Program }: Bench): Promise<void> {
  await instance.fill?.({ accounts: boxes(READERS), messages: MESSAGES_TO_READ, octets: OCTETS });
  for (const messages of DROP_SIZES)
    await instance.fill?.({ accounts: [drop(messages)], messages, octets: DROP_OCTETS });
  const look = { mode: 'login', port: instance.pop3Port ?? 0, seconds: 0, warmUpSeconds: 0 } as const;
  for (const account of maildrops()) await pop3Load(pop3Program, { ...look, accounts: [account] });
}

export async function fillForRemoval(instance: Instance): Promise<void> {
  await instance.fill?.({ accounts: boxes(READERS), messages: MESSAGES_TO_REMOVE, octets: OCTETS });
}

export function readingScenarios(): readonly Scenario[] {
  const sessions = `${READERS} sessions`;
  return [
    pop3Scenario({
      name: 'pop3-login',
      title: `USER, PASS, STAT, QUIT, ${sessions}, ${MESSAGES_TO_READ} messages each`,
      unit: 'sessions',
      peers: [...PEERS, 'dovecot-tuned'],
      load: { mode: 'login', accounts: boxes(READERS) },
    }),
    pop3Scenario({
      name: 'pop3-retr',
      title: `RETR one by one, ${sessions}, 4 KB`,
      unit: 'messages',
      peers: [...PEERS, 'dovecot-tuned'],
      load: { mode: 'retr', accounts: boxes(READERS) },
    }),
    pop3Scenario({
      name: 'pop3-pipelined',
      title: `RETR pipelined, ${DEPTH} under way, ${sessions}, 4 KB`,
      unit: 'messages',
      peers: [...PEERS, 'dovecot-tuned'],
      load: { mode: 'retr', depth: DEPTH, accounts: boxes(READERS) },
    }),
    ...DROP_SIZES.map((size) => statScenario(size)),
  ];
}

function statScenario(size: number): Scenario {
  return pop3Scenario({
    name: `stat-${size}`,
    title: `connect to the STAT answer, maildrop of ${size.toLocaleString('en')}`,
    unit: 'sessions',
    peers: PEERS,
    form: size === Math.max(...DROP_SIZES) ? 'target' : 'plain',
    load: { mode: 'login', accounts: [drop(size)] },
  });
}

export function removalScenario(): Scenario {
  return pop3Scenario({
    name: 'pop3-remove',
    title: `RETR and DELE of everything, QUIT, ${READERS} sessions of ${MESSAGES_TO_REMOVE} messages, 4 KB`,
    unit: 'messages',
    peers: PEERS,
    form: 'plain',
    load: { mode: 'empty', accounts: boxes(READERS) },
  });
}

interface Pop3Row {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly peers: readonly PeerName[];
  readonly form?: Scenario['form'];
  readonly load: Pick<Pop3Load, 'mode' | 'accounts' | 'depth'>;
}

function pop3Scenario({ load, form = 'target', ...row }: Pop3Row): Scenario {
  return {
    ...row,
    form,
    reads: true,
    run: (instance, { pop3Program, pace: { seconds, warmUpSeconds } }) => {
      const times = { seconds, warmUpSeconds: load.mode === 'empty' ? 0 : warmUpSeconds };
      const port = instance.pop3Port ?? 0;
      return measure(instance, async () => workOf(await pop3Load(pop3Program, { ...load, ...times, port })));
    },
  };
}
