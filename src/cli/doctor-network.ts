/** Whether the ports can be listened on, and the names lead here. Nothing is sent but questions to the resolver of this machine. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { addressesOf } from '../cluster/control/services.js';
import type { Configuration } from '../config/configuration.js';
import { requireFree } from '../net/port-probe.js';
import { type Examination, type Judgement, fine, warning, wrong } from './examination.js';
import { serverOn } from './status.js';

const ANSWER_LIMIT_MS = 5_000;
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

async function ports(configuration: Configuration): Promise<Judgement> {
  const { db } = configuration;
  const server = await serverOn(db).catch(() => undefined);
  if (server !== undefined && server.supervisor !== null) return fine('a server runs on this database, and has them');
  const addresses = addressesOf(configuration, []);
  const taken: string[] = [];
  for (const address of addresses)
    await requireFree([address]).catch((error: unknown) => taken.push((error as Error).message));
  if (taken.length === 0) return fine(`${addresses.length} addresses are free`);
  return wrong(
    taken.join('; '),
    "see who has them with 'ss -ltnp', or choose others; ports below 1024 need root and --user",
  );
}

async function hostname({ hostname: name, host }: Configuration): Promise<Judgement> {
  if (host.every((each) => LOOPBACK.includes(each))) return fine(`${name}, for this machine alone`);
  if (isIP(name) !== 0 || !name.includes('.'))
    return warning(`${name} is no name that others can look up`, 'give --hostname the name of this server in the DNS');
  const found = await Promise.race([
    lookup(name, { all: true }).catch((error: unknown) => (error as Error).message),
    pause(ANSWER_LIMIT_MS, 'the resolver does not answer', { ref: false }),
  ]);
  if (typeof found === 'string')
    return wrong(
      `${name} cannot be looked up: ${found}`,
      'give it an A or AAAA record, or name another with --hostname',
    );
  return fine(`${name} is ${found.map(({ address }) => address).join(', ')}`);
}

export const networkExaminations: readonly Examination[] = [
  { what: 'ports', examine: ports },
  { what: 'hostname', examine: hostname },
];
