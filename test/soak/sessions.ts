/** One session of the soak, drawn by its number from the dialogue files, the odd clients and the fuzzer. */
import { Buffer } from 'node:buffer';
import { FuzzSession } from '../fuzz/fuzz.js';
import { Dice } from '../fuzz/words.js';
import type { Dialogue } from '../support/dialogue.js';
import { sayDialogue, serviceOf } from './dialogues.js';
import type { Acknowledged } from './mail.js';
import { oddClients } from './odd-clients.js';
import { acknowledgedIn, CLOSE_MS, Visit } from './visit.js';

export interface Place {
  readonly ports: Readonly<Record<'smtp' | 'submission' | 'lmtp' | 'pop3', number>>;
  /** Nobody logs in to read as these: what they were sent stays. */
  readonly recipients: readonly string[];
  readonly readers: readonly string[];
  readonly password: string;
  readonly dialogues: readonly Dialogue[];
}

export interface SessionResult {
  readonly name: string;
  readonly acknowledged: readonly (readonly [id: string, Acknowledged])[];
  /** What must never be: the server did not close. */
  readonly failure?: string;
}

export async function runSession(number: number, seed: number, place: Place): Promise<SessionResult> {
  const dice = new Dice(seed * 1_000_003 + number);
  const kind = dice.pick(['dialogue', 'odd', 'fuzz'] as const);
  const who = {
    number,
    dice,
    place,
    from: `127.2.${(number >> 8) & 0xff}.${number & 0xff}`,
    reader: dice.pick(place.readers),
  };
  if (kind === 'fuzz') return runFuzz(who);
  return kind === 'odd' ? runOdd(who) : runDialogue(who);
}

interface Who {
  readonly number: number;
  readonly dice: Dice;
  readonly place: Place;
  /** An address of its own: a neighbour's failed logins are not counted against it. */
  readonly from: string;
  readonly reader: string;
}

async function runDialogue({ number, dice, place, from, reader }: Who): Promise<SessionResult> {
  const dialogue = dice.pick(place.dialogues);
  const service = serviceOf(dialogue);
  const visits: Visit[] = [];
  const open = (): Visit => {
    const visit = new Visit(place.ports[service], from);
    visits.push(visit);
    return visit;
  };
  await sayDialogue(dialogue, open, reader);
  return over(`session ${number}, dialogue ${dialogue.name}`, visits, dice, service !== 'submission');
}

async function runOdd({ number, dice, place, from, reader }: Who): Promise<SessionResult> {
  const client = dice.pick(oddClients);
  const visit = new Visit(place.ports[client.service], from);
  await client.come({ visit, dice, recipients: place.recipients, reader, password: place.password });
  return over(`session ${number}, a client that ${client.name}`, [visit], dice, true);
}

async function over(name: string, visits: readonly Visit[], dice: Dice, isKept: boolean): Promise<SessionResult> {
  const closed = await Promise.all(
    visits.map((visit) => visit.end(dice.pick(['reset', 'gone', 'half-close', 'half-close']))),
  );
  return {
    name,
    acknowledged: visits.flatMap((visit) => found(name, visit.said, visit.acknowledged, isKept)),
    ...(closed.includes(false) && { failure: `${name}: the server never closed` }),
  };
}

function found(session: string, said: Buffer, ids: readonly string[], isKept: boolean): SessionResult['acknowledged'] {
  return ids.map((id) => [id, { session, said, isKept }]);
}

async function runFuzz({ number, dice, place, from, reader }: Who): Promise<SessionResult> {
  const [said, heard]: [Buffer[], Buffer[]] = [[], []];
  const session = new FuzzSession({ smtpPort: place.ports.smtp, pop3Port: place.ports.pop3 }, dice, {
    account: { smtp: dice.pick(place.recipients), pop3: reader },
    password: place.password,
    from,
    patienceMs: CLOSE_MS,
    said: (bytes) => said.push(Buffer.from(bytes)),
    heard: (bytes) => heard.push(Buffer.from(bytes)),
  });
  const name = `session ${number}, fuzz of ${session.name}`;
  const failure = await session.run().then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
  const ids = acknowledgedIn(Buffer.concat(heard).toString('latin1'));
  const acknowledged = found(name, Buffer.concat(said), ids, true);
  return { name, acknowledged, ...(failure !== undefined && { failure: `${name}: ${failure}` }) };
}
