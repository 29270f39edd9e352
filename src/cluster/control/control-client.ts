/**
 * Finds the supervisors of a database by their control sockets, and asks each for its status. One that a supervisor left when it
 * was killed has nobody behind it.
 */
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { lstatIfThere } from '../../runtime/stats.js';
import { controlSocketOf, reach, type SocketAddress } from '../../store/watch.js';
import { STATUS_QUESTION, type SupervisorStatus } from './control-messages.js';

/** Of the name of a control socket, in hexadecimal. */
export const NAME_BYTES = 4;
const SAMPLE = '0'.repeat(2 * NAME_BYTES);
const NAME = /^[\da-f]{8}$/;
/** A supervisor waits for its processes, but not so long. */
const ANSWER_LIMIT_MS = 5_000;
const ANSWER_LIMIT_BYTES = 4 * 1024 * 1024;

/** Of those that answer. */
export async function askSupervisors(db: string): Promise<readonly SupervisorStatus[]> {
  const answers = await Promise.all((await controlSocketsOf(db)).filter(isOurs).map((socket) => ask(socket)));
  return answers.flatMap((answer) => (answer === undefined ? [] : [answer]));
}

/** Every file that is named as one is. @throws StoreError */
export async function controlSocketsOf(db: string): Promise<readonly string[]> {
  const sample = controlSocketOf(db, SAMPLE);
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

async function ask(socket: string): Promise<SupervisorStatus | undefined> {
  const text = await talk(socket).catch(() => '');
  try {
    return text === '' ? undefined : (JSON.parse(text) as SupervisorStatus);
  } catch {
    return undefined; // It ended in the middle of its answer.
  }
}

/** All that it answers. Rejects with an error of the system. */
function talk(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const address: SocketAddress = reach(path);
    let answer = '';
    const socket = connect(address.path, () => socket.write(STATUS_QUESTION));
    socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy());
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (answer.length > ANSWER_LIMIT_BYTES) socket.destroy();
    });
    socket.on('error', reject).on('close', () => {
      address.release();
      resolve(answer);
    });
  });
}
