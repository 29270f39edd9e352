/**
 * Plays a case at both servers in step: each says the same, and what they answer is held side by side. The first step with
 * answers of other classes ends it, since from there on the sessions are not the same any more.
 */
import { Client, type Answer, type AnswerClass } from './client.js';
import type { ServiceName, Step } from './kind.js';
import { line } from './kind.js';
import type { Case } from './kinds.js';

/** A server and its peer, which must be where it stands for the same service. */
export type Ports = Readonly<Record<ServiceName, { readonly ours: number; readonly theirs: number }>>;

export interface Exchange {
  readonly said: string;
  readonly ours: Answer;
  readonly theirs: Answer;
}

export interface Played {
  readonly exchanges: readonly Exchange[];
  /** Where the last exchange is not the same. */
  readonly difference?: { readonly ours: AnswerClass; readonly theirs: AnswerClass };
}

/** What comes before the case was not answered as it must be: nothing was compared. */
export class PreludeError extends Error {}

/** Before the prelude's answers: these take a login, or a fork of the peer. */
const PRELUDE_MS = 15_000;

/** @throws PreludeError, or Error when it cannot connect. */
export async function play(one: Case, ports: Ports, patienceMs: number): Promise<Played> {
  const { service } = one.kind;
  const from = addressOf(one.number);
  const pair = await Promise.all([
    Client.connect(ports[service].ours, from, service),
    Client.connect(ports[service].theirs, from, service),
  ]);
  try {
    await Promise.all(pair.map((client) => begin(client, one.prelude)));
    return await compare(pair, [...one.steps, line('NOOP')], patienceMs);
  } finally {
    for (const client of pair) client.destroy();
  }
}

/** An address of this machine that no other case has: who failed to log in is made to wait by his address. */
function addressOf(number: number): string {
  return `127.1.${(number >> 8) & 0xff}.${number & 0xff}`;
}

async function begin(client: Client, prelude: readonly string[]): Promise<void> {
  const taken = async (what: string): Promise<void> => {
    const { class: heard, text } = await client.answer(PRELUDE_MS);
    if (heard !== '2xx' && heard !== '+OK') throw new PreludeError(`${what}: ${text}`);
  };
  await taken('the greeting');
  for (const said of prelude) {
    client.say(line(said).bytes);
    await taken(said);
  }
}

async function compare([ours, theirs]: readonly Client[], steps: readonly Step[], patienceMs: number): Promise<Played> {
  const exchanges: Exchange[] = [];
  let wasAsked = false;
  for (const { bytes, replies, whenAsked } of steps) {
    if (whenAsked && !wasAsked) continue;
    for (const client of [ours, theirs]) client?.say(bytes);
    for (let left = replies; left > 0; left--) {
      const [mine = nothing, other = nothing] = await Promise.all([
        ours?.answer(patienceMs),
        theirs?.answer(patienceMs),
      ]);
      exchanges.push({ said: left === replies ? bytes.toString('latin1') : '', ours: mine, theirs: other });
      if (mine.class !== other.class) return { exchanges, difference: { ours: mine.class, theirs: other.class } };
      wasAsked = mine.class === '3xx';
      if (mine.class === 'closed') return { exchanges };
    }
  }
  return { exchanges };
}

const nothing: Answer = { class: 'silence', text: '' };
