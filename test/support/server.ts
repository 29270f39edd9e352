/**
 * The real server, as a person starts it: its own process group, a temporary directory, ports that are free.
 * Whatever a test does, `release` ends every process of that group and removes the directory.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pennypost, type Ended } from '../cli/pennypost.js';
import { accountIn, statusOf, type Status } from './administration.js';
import { eventually, within } from './eventually.js';
import { groupMembers, killGroup } from './processes.js';
import { MAIN, NODE } from './program.js';

export type { Status } from './administration.js';
export { MAIN, ROOT } from './program.js';
export const POSTMASTER = 'postmaster@localhost';

export interface ServerOptions {
  /** Behind `pennypost`; `serve` and the ports unless told. */
  readonly argv?: readonly string[];
  readonly arguments?: readonly string[];
  /** Submission with STARTTLS and with TLS from the first byte, and POP3 so, on free ports of their own; off unless told. */
  readonly everyService?: boolean;
  /** A port for devices too. */
  readonly devices?: boolean;
  /** The page and the API, on a free port; no such process unless told. */
  readonly web?: boolean;
  /** An earlier server's: its database, its ports. */
  readonly like?: Server;
  readonly workers?: number;
  /** Another build of the program than this one's. */
  readonly main?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A file that standard output goes to, instead of a pipe of ours. */
  readonly log?: string;
  /** Where to run; a new temporary directory unless told. */
  readonly directory?: string;
  /** It finds no certificate that an earlier one made, and makes its own. */
  readonly withoutCertificate?: boolean;
}

/** 0 where nothing listens. */
export interface Ports {
  readonly smtp: number;
  readonly submission: number;
  readonly submissions: number;
  readonly pop3: number;
  readonly pop3s: number;
  readonly device: number;
  readonly web: number;
}

export interface ProcessEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

const READY = /^Pennypost \S+ is ready as /m;
const READY_TIMEOUT_MS = 20_000;
/** Of a directory in which a process that was killed just now may have made a file. */
const REMOVAL_TRIES = 5;
const started = new Set<Server>();
/** What the first server of these tests made for itself: the next ones find it, as at their second start. */
let certificate: string | undefined;
process.on('exit', () => {
  for (const { pid } of started) killGroup(pid, 'SIGKILL');
  for (const { directory } of started) rmSync(directory, { recursive: true, force: true, maxRetries: REMOVAL_TRIES });
});

export class Server {
  readonly directory: string;
  readonly ports: Ports;
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #log: string | undefined;
  #stdout = '';
  #stderr = '';

  private constructor(
    directory: string,
    ports: Ports,
    argv: readonly string[],
    { main = MAIN, environment = {}, log }: ServerOptions,
  ) {
    this.directory = directory;
    this.ports = ports;
    this.#log = log;
    const output = log === undefined ? 'pipe' : openSync(log, 'a');
    this.#child = spawn(NODE, [main, ...argv], {
      cwd: directory,
      detached: true,
      env: { PATH: process.env['PATH'], PENNYPOST_WEB_PORT: '0', ...environment },
      stdio: ['ignore', output, 'pipe'],
    });
    if (typeof output === 'number') closeSync(output);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (status, signal) => resolve({ status, signal }));
    });
    started.add(this);
  }

  /** A server that is ready. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = await Server.launch(options);
    try {
      await eventually('the server to be ready', () => server.isReady || server.#failed(), READY_TIMEOUT_MS);
      if (!server.isReady) throw new Error(`The server ended before it was ready: ${server.logs}`);
      if (isPlain(options)) certificate ??= readFileSync(server.certificate, 'utf8');
      return server;
    } catch (error) {
      await server.release();
      throw error;
    }
  }

  /** A server that may never be ready. */
  static async launch({ like, workers = 2, ...options }: ServerOptions = {}): Promise<Server> {
    const directory = options.directory ?? like?.directory ?? (await newDirectory(options));
    const ports = like?.ports ?? (await portsOf(options));
    const argv = options.argv ?? [
      'serve',
      ...['--smtp-port', String(ports.smtp), '--pop3-port', String(ports.pop3), '--workers', String(workers)],
      ...morePorts(ports),
      ...(options.arguments ?? []),
    ];
    return new Server(directory, ports, argv, options);
  }

  get smtpPort(): number {
    return this.ports.smtp;
  }

  get pop3Port(): number {
    return this.ports.pop3;
  }

  get submissionPort(): number {
    return this.ports.submission;
  }

  get submissionsPort(): number {
    return this.ports.submissions;
  }

  get pop3sPort(): number {
    return this.ports.pop3s;
  }

  get webPort(): number {
    return this.ports.web;
  }

  get devicePort(): number {
    return this.ports.device;
  }

  /** The self-signed certificate that it made for itself. */
  get certificate(): string {
    return join(this.directory, 'mail.pem');
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get db(): string {
    return join(this.directory, 'mail.db');
  }

  get isReady(): boolean {
    return READY.test(this.stdout);
  }

  get stdout(): string {
    return this.#log === undefined ? this.#stdout : readFileSync(this.#log, 'utf8');
  }

  get stderr(): string {
    return this.#stderr;
  }

  get logs(): string {
    return this.stdout + this.#stderr;
  }

  /** Of postmaster@localhost; shown by the first start on a database only. */
  get password(): string {
    const found = /with the password (\S+)/.exec(this.stdout)?.[1];
    if (found === undefined) throw new Error(`No password was shown: ${this.logs}`);
    return found;
  }

  /** Any other command on the same database, in the same directory. */
  run(...argv: readonly string[]): Promise<Ended> {
    return pennypost(argv, { directory: this.directory });
  }

  /** `run`, and it must succeed. */
  async do(...argv: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...argv);
    if (status !== 0) throw new Error(`pennypost ${argv.join(' ')}: ${status} ${stderr}`);
    return stdout;
  }

  /** As `account add` does, without its process. */
  addAccount(address: string, password: string): Promise<void> {
    return accountIn(this.db, address, password);
  }

  /** What `status --json` shows, without its process. */
  status(): Promise<Status> {
    return statusOf(this.db);
  }

  /** What it shows indeed. */
  async shownStatus(): Promise<Status> {
    return JSON.parse((await this.run('status', '--json')).stdout) as Status;
  }

  /** To the supervisor alone. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** To every process, as a terminal's Control-C or a PM2 with treekill does. */
  signalAll(signal: NodeJS.Signals): void {
    killGroup(this.pid, signal);
  }

  /** How the supervisor ended. */
  end(timeoutMs = 15_000): Promise<ProcessEnd> {
    return within(timeoutMs, `the server to end: ${this.logs.slice(-500)}`, this.ended);
  }

  /** Every process of this server, as the system sees it. */
  get processes(): readonly number[] {
    return groupMembers(this.pid);
  }

  stop(): Promise<ProcessEnd> {
    this.signal('SIGTERM');
    return this.end();
  }

  /** Ends whatever is left, at once; with `keep`, the mail stays for a next server in the same directory. */
  async release({ keep = false } = {}): Promise<void> {
    killGroup(this.pid, 'SIGKILL');
    await eventually('every process to end', () => this.processes.length === 0);
    started.delete(this);
    if (!keep) await rm(this.directory, { recursive: true, force: true });
  }

  #failed(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

async function newDirectory({ withoutCertificate = false }: ServerOptions): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pennypost-'));
  if (certificate !== undefined && !withoutCertificate)
    await writeFile(join(directory, 'mail.pem'), certificate, { mode: 0o600 });
  return directory;
}

/** One whose certificate is of the usual names, and where it is looked for. */
function isPlain({ argv, arguments: more, environment, directory, like }: ServerOptions): boolean {
  return [argv, more, environment, directory, like].every((each) => each === undefined);
}

const JOB_LIMIT = 8;
/** Below the range from which the system takes the ports of clients, so that no client of ours sits on one. */
const LOWEST_PORT = 10_240;
const HIGHEST_PORT = 32_000;
/** Files of tests that run at the same time must not find the same port free. */
const OURS = portRange(Number(process.env['MOCHA_WORKER_ID'] ?? 0));

async function portsOf({ everyService = false, devices = false, web = false }: ServerOptions): Promise<Ports> {
  const wanted = { smtp: true, pop3: true, submission: everyService, submissions: everyService, pop3s: everyService };
  const names = Object.entries({ ...wanted, device: devices, web }).flatMap(([name, is]) => (is ? [name] : []));
  const found = await somePorts(names.length);
  const none = { submission: 0, submissions: 0, pop3s: 0, device: 0, web: 0 };
  return { ...none, ...Object.fromEntries(names.map((name, at) => [name, found[at] ?? 0])) } as Ports;
}

function morePorts({ submission, submissions, pop3s, device, web }: Ports): readonly string[] {
  const named = Object.entries({ submission, submissions, pop3s, device, web });
  return named.flatMap(([name, port]) => (port === 0 ? [] : [`--${name}-port`, String(port)]));
}

function portRange(job: number): { readonly lowest: number; readonly count: number } {
  const count = Math.floor((HIGHEST_PORT - LOWEST_PORT) / JOB_LIMIT);
  return { lowest: LOWEST_PORT + (job % JOB_LIMIT) * count, count };
}

export async function freePorts(): Promise<readonly [number, number]> {
  return (await somePorts(2)) as [number, number];
}

export async function somePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = OURS.lowest + Math.floor(Math.random() * OURS.count);
    if (!found.includes(port) && (await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) found.push(port);
  }
  return found;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'EADDRINUSE'));
    server.listen({ port, host }, () => server.close(() => resolve(true)));
  });
}
