/** What an attack is: how it is made ready, and what one of its sessions does until it is told to stop. */
import type { Socket } from 'node:net';
import type { LineClient } from '../support/line-client.js';
import type { Server } from '../support/server.js';

/** Where attackers come in. */
export type Victim = Pick<Server, 'smtpPort' | 'pop3Port' | 'submissionPort' | 'devicePort'>;

export interface Attack {
  readonly name: string;
  readonly title: string;
  /** How many sessions of it run at once. */
  readonly sessions: number;
  /** Of the server, behind `serve`. */
  readonly flags?: readonly string[];
  /** Whether mail for other domains is taken; it goes to a relay that takes all of it. */
  readonly outbound?: boolean;
  /** How long one whose session was ended stays away; a moment unless told. */
  readonly awayMs?: number;
  /** Of the server's processes; undefined when there is none. Made in the directory, which goes with the server. */
  environment?(directory: string): Promise<Readonly<Record<string, string>>>;
  /** Accounts and messages, before anything is measured. */
  prepare?(server: Server): Promise<void>;
  /**
   * The session with this number, from its connection to its end; begun anew as long as the attack lasts. It puts its
   * socket, or whatever ends it, under the signal.
   */
  attack(server: Victim, number: number, signal: AbortSignal): Promise<void>;
}

/** Writes the block over and over as fast as the server takes it, and reads all answers; resolves when it was closed. */
export function flood(socket: Socket, block: Uint8Array, signal: AbortSignal): Promise<void> {
  const push = (): void => {
    while (!signal.aborted && socket.writable && socket.write(block));
  };
  socket.on('drain', push).on('data', ignore).resume();
  push();
  return closed(socket, signal);
}

/** Sends a command, and the same again as soon as what came ends with `end`. */
export function askAgain(socket: Socket, command: string, end: string, signal: AbortSignal): Promise<void> {
  const ending = Buffer.from(end);
  let tail = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    const last = bytes.subarray(-ending.length);
    tail = Buffer.concat([tail, last]).subarray(-ending.length);
    if (tail.equals(ending)) socket.write(command);
  });
  socket.resume().write(command);
  return closed(socket, signal);
}

/** Says nothing, and hears what is said; resolves when it was closed. */
export function saysNothing(socket: Socket, signal: AbortSignal): Promise<void> {
  socket.resume();
  return closed(socket, signal);
}

/** One exchange after the other, for as long as it goes well. */
export async function repeat(client: LineClient, exchange: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  const stop = (): void => client.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    while (!signal.aborted) await exchange();
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

function closed(socket: Socket, signal: AbortSignal): Promise<void> {
  const stop = (): void => void socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return new Promise((resolve) => {
    socket.on('error', ignore).once('end', stop);
    const over = (): void => {
      signal.removeEventListener('abort', stop);
      resolve();
    };
    if (socket.closed) over();
    else socket.once('close', over);
  });
}

function ignore(): void {
  // What the server says to an attacker, and how it ends it, is not what is measured.
}
