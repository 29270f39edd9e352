/**
 * A connection of TCP or to a Unix socket, within a deadline. Of a host with several addresses, Node tries one after another of both
 * families (RFC 8305) until one answers.
 */
import { connect, type Socket } from 'node:net';
import { plainAddress } from '../../ip/address.js';
import { nameOfEndpoint, type NextHop } from './next-hop.js';
import type { NotConnected, Remote } from './outcome.js';
import { finding } from './session.js';

const KEEP_ALIVE_MS = 60_000;

export interface Dialled {
  readonly kind: 'dialled';
  readonly socket: Socket;
  readonly remote: Remote;
}

export async function dial(
  { endpoint }: NextHop,
  { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal: AbortSignal | undefined },
): Promise<Dialled | NotConnected> {
  const to = endpoint.kind === 'unix' ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
  const socket = connect({ ...to, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  const timer = setTimeout(() => socket.destroy(coded('ETIMEDOUT')), deadlineMs);
  const abort = () => socket.destroy(coded('ABORT_ERR'));
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined)).once('error', resolve);
  });
  clearTimeout(timer);
  signal?.removeEventListener('abort', abort);
  const host = nameOfEndpoint(endpoint);
  if (failure === undefined) return { kind: 'dialled', socket, remote: remoteOf(socket, host) };
  return unreachable(failure, host);
}

function remoteOf({ remoteAddress, remotePort }: Socket, host: string): Remote {
  return {
    host,
    ...(remoteAddress !== undefined && { address: plainAddress(remoteAddress) }),
    ...(remotePort !== undefined && { port: remotePort }),
  };
}

/** RFC 3463 §3.5: no answer from the host, or a directory that fails; a name that does not exist may be about to. */
const SENTENCES: Readonly<Record<string, readonly [status: string, sentence: (host: string) => string]>> = {
  ECONNREFUSED: ['4.4.1', (host) => `${host} refuses connections`],
  ETIMEDOUT: ['4.4.1', (host) => `${host} does not answer`],
  EHOSTUNREACH: ['4.4.1', (host) => `there is no way to ${host}`],
  ENETUNREACH: ['4.4.1', (host) => `there is no way to ${host}`],
  ENOTFOUND: ['4.4.4', (host) => `there is no host named ${host}`],
  EAI_AGAIN: ['4.4.3', (host) => `the name ${host} cannot be looked up now`],
  ENOENT: ['4.4.1', (host) => `there is no socket ${host}`],
  EACCES: ['4.4.1', (host) => `this process may not use ${host}`],
  ABORT_ERR: ['4.3.2', () => 'the connection was given up from this side'],
};

function unreachable(failure: NodeJS.ErrnoException, host: string): NotConnected {
  const code = failure.code ?? (failure instanceof AggregateError ? codeWithin(failure) : undefined) ?? 'error';
  const [status, sentence] = SENTENCES[code] ?? ['4.4.1', () => `${host} cannot be reached`];
  return finding(
    { command: 'connect', concerns: 'connection', remote: { host } },
    status,
    `${sentence(host)} (${code})`,
  );
}

function codeWithin({ errors }: AggregateError): string | undefined {
  return (errors[0] as NodeJS.ErrnoException | undefined)?.code;
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
