/**
 * STARTTLS (RFC 3207): from here on under TLS, as if the client had just come. Bytes in clear behind it end the session,
 * and nothing that was said before it is remembered; the session sees to both.
 */
import { nothing } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const starttls = defineCommand({
  verb: 'STARTTLS',
  rfc: 'RFC 3207 §4',
  help: {
    syntax: '',
    summary: 'begins TLS',
    example: 'STARTTLS',
    next: 'the TLS handshake, then the first command again',
  },
  grammar: nothing,
  at: ['start', 'greeted'],
  announce: ({ peer, offersTls }) => (offersTls && peer.security === undefined ? ['STARTTLS'] : []),
  refuse(_, { peer, offersTls }) {
    if (peer.security !== undefined) return replies.tlsAlready;
    return offersTls ? undefined : replies.noTls;
  },
  run: () => ({ kind: 'secure', reply: replies.beginTls }),
});
