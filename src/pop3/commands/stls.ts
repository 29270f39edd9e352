/**
 * STLS (RFC 2595 §4): from here on under TLS, as if the client had just come. Bytes in clear behind it end the session,
 * and nothing that was said before it is remembered; the session sees to both.
 */
import { nothing } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const stls = defineCommand({
  verb: 'STLS',
  rfc: 'RFC 2595 §4',
  help: { syntax: '', summary: 'begins TLS', example: 'STLS', next: 'the TLS handshake, then CAPA or USER' },
  grammar: nothing,
  at: ['authorization'],
  announce: ({ peer, offersTls }) => (offersTls && peer.security === undefined ? ['STLS'] : []),
  refuse(_, { peer, offersTls }) {
    if (peer.security !== undefined) return replies.tlsAlready;
    return offersTls ? undefined : replies.noTls;
  },
  run: () => ({ kind: 'secure', reply: replies.beginTls }),
});
