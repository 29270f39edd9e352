/** Fills maildrops through SMTP: one message for all accounts where their names allow it, many sessions otherwise. */
import { boxes } from '../peers/accounts.js';
import type { Fill } from '../peers/peer.js';
import { smtpSource } from './smtp-source.js';

const SESSIONS = 100;
const LIMIT_SECONDS = 900;

export async function fillBySmtp(port: number, { accounts, messages, octets }: Fill): Promise<void> {
  const load = { port, octets, kept: true, sessions: Math.min(SESSIONS, messages) };
  if (messages === 0) return;
  // smtp-source makes the names of `boxes` by itself.
  if (accounts.join() === boxes(accounts.length).join())
    await smtpSource({ ...load, recipients: accounts.length }, messages, LIMIT_SECONDS);
  else for (const to of accounts) await smtpSource({ ...load, to, recipients: 1 }, messages, LIMIT_SECONDS);
}
