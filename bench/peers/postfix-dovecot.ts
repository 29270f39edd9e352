/** Postfix and Dovecot on the same maildirs: what one would run in Pennypost's place. */
import { join } from 'node:path';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dovecot } from './dovecot.js';
import type { Instance, Peer, StartOptions } from './peer.js';
import { postfix } from './postfix.js';

export const postfixDovecot: Peer = {
  name: 'postfix+dovecot',
  title: 'Postfix and Dovecot',
  settings: ['both of the above at once; Dovecot reads the maildirs that Postfix delivers to'],
  missing: () => postfix.missing() ?? dovecot.missing(),
  version: async () => `${await postfix.version()} and ${await dovecot.version()}`,
  start,
};

async function start(home: string, options: StartOptions): Promise<Instance> {
  const [sending, reading] = [join(home, 'postfix'), join(home, 'dovecot')];
  mkdirSync(join(sending, 'mail'), { recursive: true });
  mkdirSync(reading, { recursive: true });
  symlinkSync(join(sending, 'mail'), join(reading, 'mail'));
  const taker = await postfix.start(sending, options);
  const giver = await dovecot.start(reading, options);
  return {
    ...giver,
    ...taker,
    roots: [...taker.roots, ...giver.roots],
    stop: async () => {
      await taker.stop();
      await giver.stop();
    },
  };
}
