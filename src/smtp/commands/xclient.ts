/**
 * XCLIENT (Postfix's XCLIENT_README): a front that is listed says for whom it speaks, and the session begins anew with that
 * client as its peer, for the trace headers, the log and every check that follows. To others it is not offered.
 * A login is not taken over: who speaks for a client logs in as that client.
 */
import { defineCommand } from '../context.js';
import { attributeNames, attributes, forwardedPeer, mergeForwardedHelo } from '../xclient-attributes.js';

export const xclient = defineCommand({
  verb: 'XCLIENT',
  rfc: 'XCLIENT_README',
  help: {
    syntax: 'name=value …',
    summary: 'says for whom a front speaks, where it is listed',
    example: 'XCLIENT ADDR=192.0.2.7 HELO=client.example',
    next: 'EHLO',
  },
  grammar: attributes,
  at: ['start', 'greeted'],
  needs: ['front'],
  announce: ({ isFront }) => (isFront === true ? [`XCLIENT ${attributeNames.join(' ')}`] : []),
  run(said, state, { peer }) {
    const { forwardedHelo } = state.at === 'start' ? state : state.hello;
    return {
      kind: 'renew',
      peer: forwardedPeer(peer, said),
      state: { at: 'start', forwardedHelo: mergeForwardedHelo(forwardedHelo, said) },
    };
  },
});
