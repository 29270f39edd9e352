/** Every peer, in the order in which a stage goes through them. */
import { dovecot, dovecotTuned } from './dovecot.js';
import { node } from './node.js';
import type { Peer, PeerName } from './peer.js';
import { pennypost } from './pennypost.js';
import { postfixDovecot } from './postfix-dovecot.js';
import { postfix } from './postfix.js';
import { smtpSink } from './smtp-sink.js';

export const peers: readonly Peer[] = [pennypost, postfix, dovecot, dovecotTuned, postfixDovecot, smtpSink, node];

export function peerOf(name: PeerName): Peer {
  return peers.find((peer) => peer.name === name) as Peer;
}
