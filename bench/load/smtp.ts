/** Starts the SMTP load generator of the benchmark's own in a process of its own. */
import { fileURLToPath } from 'node:url';
import { addressOf, boxes } from '../peers/accounts.js';
import { run } from '../processes/program.js';
import type { LoadResult } from './result.js';

const PROGRAM = fileURLToPath(new URL('./smtp-client-program.js', import.meta.url));
const GRACE_SECONDS = 60;

export interface SmtpLatencyLoad {
  readonly port: number;
  readonly sessions: number;
  readonly octets: number;
  readonly verb: 'data' | 'bdat';
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Sessions send to so many accounts in turn; to one unless told. */
  readonly accounts?: number;
}

export async function smtpLatency(load: SmtpLatencyLoad): Promise<LoadResult> {
  const { port, sessions, octets, verb, seconds, warmUpSeconds, accounts = 1 } = load;
  const argv = [port, sessions, octets, verb, seconds, warmUpSeconds, ...boxes(accounts).map(addressOf)].map(String);
  const { stdout } = await run(process.execPath, ['--enable-source-maps', PROGRAM, ...argv], {
    timeoutSeconds: seconds + warmUpSeconds + GRACE_SECONDS,
  });
  return JSON.parse(stdout) as LoadResult;
}
