/** What the tests of the client share: a client that waits for nothing long, next hops, envelopes, and one message sent. */
import { expect } from 'chai';
import { SmtpClient, type ClientOptions } from '../../../src/outbound/client/client.js';
import type { Connection } from '../../../src/outbound/client/connection.js';
import type { OutboundEnvelope } from '../../../src/outbound/client/envelope.js';
import type { NextHop } from '../../../src/outbound/client/next-hop.js';
import type { NotConnected, SendResult } from '../../../src/outbound/client/outcome.js';
import { ArraySource, type Source } from '../../../src/store/source.js';
import { ScriptedServer, type Script } from '../../support/scripted-server.js';

export const MESSAGE = Buffer.from('From: a@example.org\r\nSubject: hello\r\n\r\nA line\r\n.dot\r\n');

export function clientOf(options: Partial<ClientOptions> = {}): SmtpClient {
  return new SmtpClient({ name: 'client.example', ...options });
}

export function hopTo(port: number, more: Partial<NextHop> = {}): NextHop {
  return { protocol: 'smtp', endpoint: { kind: 'network', host: '127.0.0.1', port }, tls: 'opportunistic', ...more };
}

export function envelopeOf(message: Buffer = MESSAGE, more: Partial<OutboundEnvelope> = {}): OutboundEnvelope {
  return {
    reversePath: 'sender@example.org',
    recipients: [{ address: 'rcpt@example.com' }],
    body: '7bit',
    sizeOctets: message.length,
    ...more,
  };
}

export function to(...addresses: readonly string[]): Pick<OutboundEnvelope, 'recipients'> {
  return { recipients: addresses.map((address) => ({ address })) };
}

export async function connected(connecting: Promise<Connection | NotConnected>): Promise<Connection> {
  const made = await connecting;
  if (made.kind !== 'connected') throw new Error(`not connected: ${JSON.stringify(made)}`);
  return made;
}

export async function notConnected(connecting: Promise<Connection | NotConnected>): Promise<NotConnected> {
  const made = await connecting;
  if (made.kind !== 'connected') return made;
  made.destroy();
  throw new Error('connected');
}

export function sourceOf(message: Buffer = MESSAGE): Source {
  return new ArraySource([message]);
}

export interface Sent extends SendResult {
  readonly server: ScriptedServer;
}

export interface Sending {
  readonly envelope?: OutboundEnvelope;
  readonly message?: Buffer;
  readonly source?: Source;
  readonly hop?: Partial<NextHop>;
  readonly client?: SmtpClient;
}

/** One message to a server that follows the script, which has ended when this resolves. */
export async function sendTo(script: Script, sending: Sending = {}): Promise<Sent> {
  const { message = MESSAGE, envelope = envelopeOf(message), source = sourceOf(message) } = sending;
  const { hop = {}, client = clientOf() } = sending;
  const server = await ScriptedServer.start(script);
  try {
    const protocol = script.lmtp === true ? 'lmtp' : 'smtp';
    const connection = await connected(client.connect(hopTo(server.port, { protocol, ...hop })));
    const result = await connection.send(envelope, source);
    expect(result.outcomes).to.have.length(envelope.recipients.length);
    await connection.quit();
    return { ...result, server };
  } finally {
    await server.stop();
  }
}
