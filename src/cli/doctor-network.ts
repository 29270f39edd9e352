/** Whether the ports can be listened on, and the names lead here. Nothing is sent but questions to the resolver of this machine. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { addressesOf } from '../cluster/control/services.js';
import type { Configuration } from '../config/configuration.js';
import { ListenError, overlapping, samePlace } from '../net/listener.js';
import { requireFree } from '../net/port-probe.js';
import { type Examination, type Judgement, fine, warning, wrong } from './examination.js';
import { serverOn } from './status.js';

const ANSWER_LIMIT_MS = 5_000;
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** A line for each that cannot be had. What the server on this database listens on is its own, and nothing else is. */
async function ports(configuration: Configuration): Promise<readonly Judgement[]> {
  const server = await serverOn(configuration.db).catch(() => undefined);
  const addresses = addressesOf(configuration, []);
  const own = addresses.filter((one) =>
    server?.listeners.some((each) => samePlace(one, each) || overlapping(one, each)),
  );
  const judgements: Judgement[] = [];
  for (const address of addresses.filter((one) => !own.includes(one)))
    await requireFree([address]).catch((error: unknown) => judgements.push(refused(error)));
  if (judgements.length > 0) return judgements;
  const free = `${addresses.length - own.length} addresses are free`;
  if (own.length === 0) return [fine(free)];
  if (own.length === addresses.length) return [fine('the server on this database has them')];
  return [fine(`the server on this database has ${own.length} of them; ${free}`)];
}

/** The message says what else mends it. */
function refused(error: unknown): Judgement {
  const { message } = error as Error;
  const isTaken = error instanceof ListenError && error.taken;
  return isTaken ? wrong(message, "'ss -ltnp' shows which one") : { state: 'wrong', says: message };
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
