/**
 * A server of another program, kept in the foreground so that it stays a child of the benchmark: started with its output
 * in a file of its home, awaited until its ports answer, stopped by its process id.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive, processTree, sendSignal } from './tree.js';
import { findProgram } from './program.js';

export interface ServerProgram {
  readonly program: string;
  readonly argv: readonly string[];
  readonly home: string;
  /** It is ready when something listens on each. */
  readonly ports: readonly number[];
  readonly environment?: Readonly<Record<string, string>>;
}

const READY_MS = 20_000;
const STOP_MS = 30_000;
const STEP_MS = 20;
/** Below the range from which the system takes the ports of clients, so that no client of ours sits on one. */
const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 32_000;
const SHOWN_CHARACTERS = 800;

/** Its pid, once it is ready. */
export async function startServer({ program, argv, home, ports, environment }: ServerProgram): Promise<number> {
  const outputPath = join(home, 'output.log');
  const output = openSync(outputPath, 'a');
  const child = spawn(findProgram(program) ?? program, argv, {
    cwd: home,
    detached: true,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  child.on('error', () => undefined);
  const { pid } = child;
  const giveUpMs = performance.now() + READY_MS;
  for (const port of ports)
    while (!(await answers(port))) {
      if (pid === undefined || !isAlive(pid) || performance.now() > giveUpMs) {
        if (pid !== undefined) await stopServer(pid);
        throw new Error(`${program} did not start: ${readFileSync(outputPath, 'utf8').slice(-SHOWN_CHARACTERS)}`);
      }
      await pause(STEP_MS);
    }
  return pid as number;
}

/** SIGTERM to the server, and SIGKILL to whatever of it is there half a minute later. */
export async function stopServer(root: number): Promise<void> {
  const pids = processTree([root]).map(({ pid }) => pid);
  sendSignal(root, 'SIGTERM');
  const giveUpMs = performance.now() + STOP_MS;
  while (pids.some(isAlive) && performance.now() < giveUpMs) await pause(STEP_MS);
  for (const pid of pids) if (isAlive(pid)) sendSignal(pid, 'SIGKILL');
}

export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket
      .on('error', () => resolve(false))
      .on('connect', () => {
        socket.destroy();
        resolve(true);
      });
  });
}
