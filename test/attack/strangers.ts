/** Attacks from many addresses at once, which this machine has all of in 127.0.0.0/8: nobody is trusted. */
import { connect } from 'node:net';
import { LineClient } from '../support/line-client.js';
import { repeat, saysNothing, type Attack } from './attack.js';
import { accountName, PASSWORD } from './session.js';

export const HOST = '127.0.0.1';
const SESSIONS_OF_ADDRESS = 50;
/** As often as the server lets a client come, and not a flood of connections: that is another attack. */
const AWAY_MS = 1000;
export const untrusted = { flags: ['--trusted-networks', 'none'], awayMs: AWAY_MS } as const;

export const strangers: readonly Attack[] = [
  {
    ...untrusted,
    name: 'guesses-500',
    title: 'wrong passwords for one login, 500 sessions from ten addresses',
    sessions: 500,
    prepare: (server) => server.addAccount(accountName(0), PASSWORD),
    attack: async (server, number, signal) => {
      const client = await LineClient.greeted(server.pop3Port, HOST, addressOf(number));
      await repeat(client, () => guess(client), signal);
    },
  },
  {
    ...untrusted,
    name: 'silent-1000',
    title: 'nothing is said, 1,000 sessions from twenty addresses',
    sessions: 1000,
    attack: (server, number, signal) => {
      const socket = connect({ port: server.smtpPort, host: HOST, localAddress: addressOf(number) });
      return saysNothing(socket, signal);
    },
  },
];

async function guess(client: LineClient): Promise<void> {
  await client.ask(`USER ${accountName(0)}`, /^\+OK/);
  await client.ask('PASS a guess', /^-ERR/);
}

export function addressOf(session: number): string {
  return `127.0.1.${Math.floor(session / SESSIONS_OF_ADDRESS) + 1}`;
}
