/** How attackers come in: a socket that was greeted, perhaps logged in, and is theirs from then on. */
import { connect, type Socket } from 'node:net';
import { sqlite } from '../../src/store/sqlite/driver.js';
import type { Address } from '../../src/store/shapes.js';
import { LineClient } from '../support/line-client.js';
import { demand, smtpSession } from '../support/mail-clients.js';
import type { Server } from '../support/server.js';
import type { Victim } from './attack.js';

export const PASSWORD = 'secret';
const DOMAIN = 'localhost';
const HASH_OF_NOTHING = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
/** More than RCPT takes in one transaction is not needed by any attack. */
const RECIPIENTS_AT_ONCE = 1000;

/** A greeted session that has said these lines, each answered before the next, and is left to the attacker. */
export async function enter(port: number, lines: readonly string[] = []): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const client = LineClient.over(socket);
  try {
    await client.expect(/^(220 |\+OK)/);
    for (const line of lines) {
      client.send(line);
      await client.reply();
    }
  } catch (error) {
    client.destroy();
    throw error;
  }
  client.leave();
  return socket;
}

/** Behind a login of the account with this number. */
export function enterMaildrop(server: Victim, number: number): Promise<Socket> {
  return enter(server.pop3Port, [`USER ${accountName(number)}`, `PASS ${PASSWORD}`]);
}

/** Behind a login in submission; the account is made by `makeAccounts`. */
export function enterSubmission(server: Victim, number: number): Promise<Socket> {
  const login = Buffer.from(`\0${accountName(number)}\0${PASSWORD}`).toString('base64');
  return enter(server.submissionPort, ['EHLO attacker.example', `AUTH PLAIN ${login}`]);
}

export async function makeAccounts(server: Server, senders: number): Promise<void> {
  for (let number = 0; number < senders; number++) await server.addAccount(accountName(number), PASSWORD);
}

export function accountName(number: number): string {
  return `u${number}@${DOMAIN}`;
}

/** So many accounts, and one message for all of them: its body is stored once. */
export async function deliverToAll(server: Server, accounts: number, message: Buffer): Promise<void> {
  await makeAccounts(server, accounts);
  const names = Array.from({ length: accounts }, (_, number) => accountName(number));
  await deliver(server, names, message);
}

/** An alias that leads to so many. Made without commands, which would take minutes. */
export async function makeList(server: Server, list: string, members: readonly Address[]): Promise<void> {
  const store = await sqlite.open(server.db);
  try {
    const here = members.filter(({ domain }) => domain === DOMAIN);
    await Promise.all(here.map((account) => store.directory.addAccount(account, HASH_OF_NOTHING)));
    await store.directory.addAlias({ local: list, domain: DOMAIN }, members);
  } finally {
    await store.close();
  }
}

export function members(count: number, domain = DOMAIN): readonly Address[] {
  return Array.from({ length: count }, (_, number) => ({ local: `m${number}`, domain }));
}

/** One account with so many messages, nearly all with the same body. */
export async function fillMaildrop(server: Server, messages: number, message: Buffer): Promise<void> {
  await server.addAccount(accountName(0), PASSWORD);
  const name = (at: number): string => accountName(0).replace('@', `+${at}@`);
  for (let sent = 0; sent < messages; sent += RECIPIENTS_AT_ONCE)
    await deliver(
      server,
      Array.from({ length: Math.min(RECIPIENTS_AT_ONCE, messages - sent) }, (_, at) => name(at)),
      message,
    );
}

async function deliver(server: Server, to: readonly string[], message: Buffer): Promise<void> {
  const client = await smtpSession(server.smtpPort);
  await demand(client, 'MAIL FROM:<attacker@example.org>', 250);
  for (const recipient of to) await demand(client, `RCPT TO:<${recipient}>`, 250);
  client.send(`BDAT ${message.length} LAST`);
  client.write(message);
  if ((await client.reply()).code !== 250) throw new Error('the message of the attack was refused');
  client.destroy();
}
