/** Starts the SMTP load generators of the benchmark's own, each in a process of its own. */
import { fileURLToPath } from 'node:url';
import { addressOf, boxes } from '../peers/accounts.js';
import { run } from '../processes/program.js';
import type { LoadResult } from './result.js';
import type { Login } from './smtp-client.js';

const PROGRAM = fileURLToPath(new URL('./smtp-client-program.js', import.meta.url));
const THROUGH_PROGRAM = fileURLToPath(new URL('./smtp-through-program.js', import.meta.url));
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
  /** Instead of accounts. */
  readonly to?: readonly string[];
  readonly login?: Login;
}

/** What the process is told. */
export type SmtpClientLoad = SmtpLatencyLoad & { readonly to: readonly string[] };

export async function smtpLatency(load: SmtpLatencyLoad): Promise<LoadResult> {
  const { accounts = 1, to = boxes(accounts).map(addressOf) } = load;
  const told: SmtpClientLoad = { ...load, to };
  return runProgram(PROGRAM, told);
}

export interface ThroughLoad {
  readonly port: number;
  /** Where the server sends what it gets: the program listens there. */
  readonly relayPort: number;
  readonly octets: number;
  readonly to: string;
  readonly login?: Login;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** From the 250 that the client got to the 250 that the server got, one message after another. */
export function latencyThrough(load: ThroughLoad): Promise<LoadResult> {
  return runProgram(THROUGH_PROGRAM, load);
}

async function runProgram(
  program: string,
  load: { readonly seconds: number; readonly warmUpSeconds: number },
): Promise<LoadResult> {
  const { stdout } = await run(process.execPath, ['--enable-source-maps', program, JSON.stringify(load)], {
    timeoutSeconds: load.seconds + load.warmUpSeconds + GRACE_SECONDS,
  });
  return JSON.parse(stdout) as LoadResult;
}
