/** What tests do with the raw client all the time: send a message, log in, fetch everything. */
import { LineClient, stuffed, type SmtpReply } from './line-client.js';

/** An SMTP session behind EHLO. */
export async function smtpSession(port: number, host?: string): Promise<LineClient> {
  return opened(await LineClient.greeted(port, host), (client) => demand(client, 'EHLO test.example', 250));
}

/** Everything up to DATA's 354. */
export async function beginData(client: LineClient, to: string): Promise<void> {
  await demand(client, 'MAIL FROM:<sender@example.org>', 250);
  await demand(client, `RCPT TO:<${to}>`, 250);
  await demand(client, 'DATA', 354);
}

/** `message` must end with CRLF, or be empty. Resolves when it is acknowledged. */
export async function sendData(client: LineClient, to: string, message: Buffer): Promise<void> {
  await beginData(client, to);
  client.write(Buffer.concat([stuffed(message), Buffer.from('.\r\n')]));
  await expectCode(client.reply(), 250, 'the end of DATA');
}

/** Any bytes at all, counted and not looked at. */
export async function sendBdat(client: LineClient, to: string, chunks: readonly Buffer[]): Promise<void> {
  await demand(client, 'MAIL FROM:<sender@example.org> BODY=8BITMIME', 250);
  await demand(client, `RCPT TO:<${to}>`, 250);
  for (const [at, chunk] of chunks.entries()) {
    client.send(`BDAT ${chunk.length}${at === chunks.length - 1 ? ' LAST' : ''}`);
    client.write(chunk);
    await expectCode(client.reply(), 250, 'BDAT');
  }
}

export async function demand(client: LineClient, command: string, code: number): Promise<SmtpReply> {
  return expectCode(client.command(command), code, command);
}

async function expectCode(reply: Promise<SmtpReply>, code: number, what: string): Promise<SmtpReply> {
  const got = await reply;
  if (got.code !== code) throw new Error(`${what}: '${got.lines.join(' / ')}' where ${code} was expected`);
  return got;
}

/** A POP3 session that holds the maildrop of `user`. */
export async function pop3Session(port: number, user: string, password: string, host?: string): Promise<LineClient> {
  return opened(await LineClient.greeted(port, host), async (client) => {
    await client.ask(`USER ${user}`, /^\+OK/);
    await client.ask(`PASS ${password}`, /^\+OK/);
  });
}

/** A client that could not begin is gone: one that waits in vain for PASS might yet get the maildrop, and keep it. */
async function opened(client: LineClient, begin: (client: LineClient) => Promise<unknown>): Promise<LineClient> {
  try {
    await begin(client);
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

export async function retrieve(client: LineClient, number: number): Promise<Buffer> {
  await client.ask(`RETR ${number}`, /^\+OK/);
  return client.multiline();
}

/** Every message of a maildrop, as RETR sends it; leaves them there. */
export async function fetchAll(port: number, user: string, password: string): Promise<readonly Buffer[]> {
  const client = await pop3Session(port, user, password);
  const stat = await client.ask('STAT', /^\+OK \d+ \d+/);
  const count = Number(stat.split(' ')[1]);
  client.send(...Array.from({ length: count }, (_, at) => `RETR ${at + 1}`));
  const messages: Buffer[] = [];
  for (let at = 0; at < count; at++) {
    await client.expect(/^\+OK/);
    messages.push(await client.multiline());
  }
  await client.ask('QUIT', /^\+OK/);
  return messages;
}

/** What the sender sent: the message without the trace headers that stand before it. */
export function behindTrace(message: Buffer): Buffer {
  const trace = /^Return-Path: <[^\r]*>\r\nDelivered-To: [^\r]+\r\nReceived: [^\r]+(?:\r\n[ \t][^\r]+)*\r\n/;
  const found = trace.exec(message.toString('latin1', 0, 4096));
  if (found === null) throw new Error(`No trace headers: ${message.toString('latin1', 0, 200)}`);
  return message.subarray(found[0].length);
}

/** Fetches and removes everything; resolves when the session has ended. */
export async function takeAll(port: number, user: string, password: string): Promise<readonly Buffer[]> {
  const client = await pop3Session(port, user, password);
  const [, count] = (await client.ask('STAT', /^\+OK/)).split(' ');
  const messages: Buffer[] = [];
  for (let number = 1; number <= Number(count); number++) {
    messages.push(await retrieve(client, number));
    await client.ask(`DELE ${number}`, /^\+OK/);
  }
  await client.ask('QUIT', /^\+OK/);
  await client.rest();
  return messages;
}
