/**
 * Postfix's smtp-source: so many messages over so many sessions, then it ends. It may hang when a server misbehaves,
 * so it has a time limit. A rate is taken in two steps: short runs that warm the server up and show how fast it is,
 * then one that is long enough.
 */
import { run } from '../processes/program.js';
import { addressOf, BOX } from '../peers/accounts.js';

export interface SmtpLoad {
  readonly port: number;
  readonly lmtp?: boolean;
  readonly sessions: number;
  readonly octets: number;
  readonly recipients: number;
  /** A session stays for many messages; otherwise each message has a connection of its own. */
  readonly kept: boolean;
  /** The local part of the first recipient; BOX unless told. */
  readonly to?: string;
}

export interface SmtpRun {
  readonly messages: number;
  readonly seconds: number;
}

const LARGE_OCTETS = 512 * 1024;
const LONGEST_WARM_UP_RUNS = 5;
/** Of the measured time: a server in JavaScript is compiled while it works, and a server runs for months. */
const WARM_UP_SHARE = 0.8;
const GRACE_SECONDS = 30;
const PATIENCE = 10;

export function smtpSourceArguments(load: SmtpLoad, messages: number): readonly string[] {
  return [
    ...(load.lmtp === true ? ['-L'] : []),
    ...(load.kept ? ['-d'] : []),
    ...['-s', String(load.sessions), '-m', String(messages), '-l', String(load.octets), '-r', String(load.recipients)],
    ...['-M', 'bench.localhost', '-f', 'sender@example.org', '-t', addressOf(load.to ?? BOX)],
    `127.0.0.1:${load.port}`,
  ];
}

/** @throws ProgramError when it does not end in `limitSeconds`, or a reply was not what it should be. */
export async function smtpSource(load: SmtpLoad, messages: number, limitSeconds: number): Promise<SmtpRun> {
  const { seconds } = await run('smtp-source', smtpSourceArguments(load, messages), { timeoutSeconds: limitSeconds });
  return { messages, seconds };
}

/** How many messages will take about so long. `times - 1` more runs of so many follow. */
export async function warmUp(load: SmtpLoad, seconds: number, times = 1): Promise<number> {
  const messages = await findPace(load, seconds);
  for (let time = 1; time < times; time++) await smtpSource(load, messages, seconds * PATIENCE + GRACE_SECONDS);
  return messages;
}

async function findPace(load: SmtpLoad, seconds: number): Promise<number> {
  const large = load.octets >= LARGE_OCTETS;
  let messages = large ? load.sessions : Math.max(50, load.sessions * 2);
  for (let runs = 1; ; runs++) {
    const took = await smtpSource(load, messages, seconds * PATIENCE + GRACE_SECONDS);
    const enough = Math.ceil((messages / took.seconds) * seconds);
    if (large || took.seconds >= seconds * WARM_UP_SHARE || runs === LONGEST_WARM_UP_RUNS)
      return Math.max(load.sessions, enough);
    messages = Math.max(messages, Math.ceil(enough * WARM_UP_SHARE));
  }
}
