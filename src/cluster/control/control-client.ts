/**
 * Finds the supervisors of a database by their control sockets, and asks each of them. One that a supervisor left when it was killed
 * has nobody behind it. A supervisor that is asked by too many at once closes: it is asked again, as long as there is time.
 */
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { reach } from '../../runtime/socket-address.js';
import { lstatIfThere } from '../../runtime/stats.js';
import { locationOf } from '../../store/locations.js';
import type { ControlAnswer, ControlRequest, ControlResults } from './control-messages.js';

/** Of the name of a control socket, in hexadecimal. */
export const NAME_BYTES = 4;
const SAMPLE = '0'.repeat(2 * NAME_BYTES);
const NAME = /^[\da-f]{8}$/;
/** A supervisor waits for its processes, but not so long; a reload takes as long as new processes take to be ready. */
const ANSWER_LIMITS_MS: { readonly [Name in keyof ControlResults]: number } = {
  status: 5_000,
  health: 5_000,
  outbound: 5_000,
  reload: 150_000,
};
const ANSWER_LIMIT_BYTES = 4 * 1024 * 1024;
const PAUSE_MS = 50;
const NO_ANSWER = 'a supervisor is there and does not answer';

/** Of every supervisor that is there, also of those that do not answer: an error says so. */
export async function askSupervisors<Name extends keyof ControlResults>(
  db: string,
  request: Name,
): Promise<readonly ControlAnswer<ControlResults[Name]>[]> {
  const answers = await Promise.all((await controlSocketsOf(db)).filter(isOurs).map((socket) => ask(socket, request)));
  return answers.flatMap((answer) => (answer === undefined ? [] : [answer as ControlAnswer<ControlResults[Name]>]));
}

/** Every file that is named as one is. @throws StoreError */
export async function controlSocketsOf(db: string): Promise<readonly string[]> {
  const sample = locationOf(db).controlSocket(SAMPLE);
  const start = basename(sample).slice(0, -SAMPLE.length);
  const names = await readdir(dirname(sample)).catch(() => []);
  return names
    .filter((name) => name.startsWith(start) && NAME.test(name.slice(start.length)))
    .map((name) => join(dirname(sample), name));
}

/** Where others can make files, they could answer in a supervisor's name. */
function isOurs(socket: string): boolean {
  try {
    const found = lstatIfThere(socket);
    return found?.isSocket() === true && (process.geteuid === undefined || found.uid === process.geteuid());
  } catch {
    return false;
  }
}

/** Undefined when nobody is there. */
async function ask(socket: string, request: keyof ControlResults): Promise<ControlAnswer<unknown> | undefined> {
  const untilMs = performance.now() + ANSWER_LIMITS_MS[request];
  for (let leftMs = ANSWER_LIMITS_MS[request]; leftMs > 0; leftMs = untilMs - performance.now()) {
    const answer = await talk(socket, `${JSON.stringify({ request } satisfies ControlRequest)}\n`, leftMs);
    if (answer === 'nobody') return undefined;
    if (answer !== 'again') return answer;
    await pause(PAUSE_MS);
  }
  return { error: NO_ANSWER };
}

/** 'again': there was no whole answer, because it was asked by too many, or ends. */
function talk(path: string, line: string, limitMs: number): Promise<ControlAnswer<unknown> | 'nobody' | 'again'> {
  return new Promise((resolve) => {
    const address = reach(path);
    let answer = '';
    let isRefused = false;
    const socket = connect(address.path, () => socket.write(line));
    socket.setTimeout(limitMs, () => socket.destroy());
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (answer.length > ANSWER_LIMIT_BYTES) socket.destroy();
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => (isRefused = code === 'ECONNREFUSED' || code === 'ENOENT'));
    socket.on('close', () => {
      address.release();
      resolve(isRefused ? 'nobody' : (parsed(answer) ?? 'again'));
    });
  });
}

function parsed(answer: string): ControlAnswer<unknown> | undefined {
  try {
    return JSON.parse(answer) as ControlAnswer<unknown>;
  } catch {
    return undefined; // Nothing, or it ended in the middle of its answer.
  }
}
