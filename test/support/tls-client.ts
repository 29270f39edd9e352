/** Clients under TLS, from the first byte or after STARTTLS and STLS, that trust everybody: what they are shown is tested. */
import { connect as connectInClear, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { LineClient } from './line-client.js';

const HOST = '127.0.0.1';

export function secureSocket(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, rejectUnauthorized: false, ...options });
    socket.once('error', reject).once('secureConnect', () => resolve(socket.off('error', reject)));
  });
}

/** TLS from the first byte. */
export async function secureClient(port: number, options: ConnectionOptions = {}): Promise<LineClient> {
  return LineClient.over(await secureSocket({ port, ...options }));
}

/** The session under TLS behind STARTTLS or STLS, and what was used for it. */
export interface Upgraded {
  readonly client: LineClient;
  readonly socket: TLSSocket;
}

/** `before`: what is said in clear, the command that begins TLS last; its answer must be good. */
export async function upgraded(
  port: number,
  before: readonly string[],
  options: ConnectionOptions = {},
): Promise<Upgraded> {
  const { client, socket: clear } = await inClear(port);
  for (const line of before) {
    const answer = client.line();
    client.send(line);
    for (let said = await answer; /^\d{3}-/.test(said);) said = await client.line();
  }
  client.leave();
  const socket = await secureSocket({ socket: clear, ...options });
  return { client: LineClient.over(socket), socket };
}

/** A client whose greeting was heard, with its socket. */
export async function inClear(port: number): Promise<{ readonly client: LineClient; readonly socket: Socket }> {
  const socket = connectInClear({ port, host: HOST });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const client = LineClient.over(socket);
  await client.expect(/^(220 |\+OK)/);
  return { client, socket };
}

/** What a client may resume its session with, once something was said in it. */
export function ticketOf(socket: TLSSocket): Buffer {
  const ticket = socket.getSession();
  if (ticket === undefined) throw new Error('no ticket was given');
  return ticket;
}
