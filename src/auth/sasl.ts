/**
 * The SASL mechanisms of this server, best first, and which of them a connection may use now. The same for SMTP and
 * POP3: EHLO's AUTH line and CAPA's SASL line are generated from here.
 */
import { isPrivate, type Peer } from '../session/channel.js';
import type { Mechanism } from './mechanism.js';
import { login } from './mechanisms/login.js';
import { plain } from './mechanisms/plain.js';
import { scramSha256, scramSha256Plus } from './mechanisms/scram.js';

export const mechanisms: readonly Mechanism[] = [scramSha256Plus, scramSha256, plain, login];

export function offeredTo(peer: Peer): readonly Mechanism[] {
  return mechanisms.filter((mechanism) => isOffered(mechanism, peer));
}

/** As the client wrote it; names are read in any case. */
export function findMechanism(name: string): Mechanism | undefined {
  return mechanisms.find((mechanism) => mechanism.name === name.toUpperCase());
}

export function isOffered({ needs }: Mechanism, peer: Peer): boolean {
  switch (needs) {
    case 'nothing':
      return true;
    case 'privacy':
      return isPrivate(peer);
    case 'binding':
      return peer.security !== undefined;
  }
}
