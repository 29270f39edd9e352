/**
 * What a message needs of a server, judged before a word of it is said. Where the server cannot, the message fails: it is neither
 * converted, nor sent in the hope that it will do (RFC 6531 §3.4, RFC 6152 §3, RFC 8689 §4.2.1).
 */
import { isLoopback } from '../../ip/address.js';
import { wirePath, type WirePath } from './commands.js';
import type { OutboundEnvelope } from './envelope.js';
import type { NotConnected } from './outcome.js';
import { finding, type Session, type Step } from './session.js';

/** What is to be said, and for whom nothing can be. */
export interface Plan {
  readonly reversePath: string;
  readonly international: boolean;
  /** In the order of the envelope: what is sent for each recipient, or why nothing is. */
  readonly forwardPaths: readonly (string | NotConnected)[];
}

/** A refusal is of the whole message. */
export function plan(envelope: OutboundEnvelope, session: Session): Plan | NotConnected {
  const step: Step = { command: 'MAIL', concerns: 'message', remote: session.remote };
  const reversePath = envelope.reversePath === '' ? NULL_PATH : wirePath(envelope.reversePath);
  if (reversePath === undefined) return finding(step, '5.1.7', 'the reverse-path is no address that can be sent');
  const refused = unmet(envelope, reversePath, { session, step });
  if (refused !== undefined) return refused;
  const takesUtf8 = session.extensions.has('SMTPUTF8');
  const paths = envelope.recipients.map(({ address }) => wirePath(address));
  const international =
    takesUtf8 && (envelope.body === 'smtputf8' || [reversePath, ...paths].some((path) => path?.international));
  return {
    reversePath: international ? envelope.reversePath : reversePath.text,
    international,
    forwardPaths: envelope.recipients.map(({ address }, at) => {
      const path = paths[at];
      const fault = pathFault(path, takesUtf8, session);
      return fault ?? (international ? address : (path as WirePath).text);
    }),
  };
}

const NULL_PATH: WirePath = { text: '', international: false };

function unmet(
  { body, sizeOctets, requireTls }: OutboundEnvelope,
  reversePath: WirePath,
  { session, step }: { readonly session: Session; readonly step: Step },
): NotConnected | undefined {
  const { extensions } = session;
  const limit = extensions.sizeLimitOctets;
  if (limit !== undefined && sizeOctets > limit)
    return finding(step, '5.3.4', `the message has ${sizeOctets} octets, and the server takes ${limit} at most`);
  if (reversePath.international && !extensions.has('SMTPUTF8'))
    return finding(
      step,
      '5.6.7',
      'the sender has an address with letters beyond ASCII, and the server cannot take it (no SMTPUTF8)',
    );
  if (body === 'smtputf8' && !extensions.has('SMTPUTF8'))
    return finding(
      step,
      '5.6.9',
      'the message has a header with letters beyond ASCII, and the server cannot take it (no SMTPUTF8)',
    );
  if (body !== '7bit' && !extensions.has('8BITMIME')) return eightBit(step);
  return requireTls === true ? tlsFault(reversePath, session, step) : undefined;
}

export function eightBit(step: Step): NotConnected {
  return finding(step, '5.6.3', 'the message has 8-bit text, and the server takes 7-bit text only (no 8BITMIME)');
}

/**
 * What is handed to a store of mail on this machine has arrived (RFC 8689 §4.4). A report goes by TLS too, and is not lost because the
 * server does not promise it (§5).
 */
function tlsFault(
  { text: reversePath }: WirePath,
  { nextHop, remote, extensions, verified }: Session,
  step: Step,
): NotConnected | undefined {
  const isLocal = nextHop.endpoint.kind === 'unix' || isLoopback(remote.address ?? '');
  if (nextHop.protocol === 'lmtp' && isLocal) return undefined;
  if (!verified)
    return finding(
      step,
      '5.7.10',
      'the sender wants TLS with a valid certificate on the whole way, and there is none to this server',
    );
  if (extensions.has('REQUIRETLS') || reversePath === '') return undefined;
  return finding(
    step,
    '5.7.30',
    'the sender wants TLS on the whole way, and the server does not promise it (no REQUIRETLS)',
  );
}

function pathFault(path: WirePath | undefined, takesUtf8: boolean, { remote }: Session): NotConnected | undefined {
  const step: Step = { command: 'RCPT', concerns: 'recipient', remote };
  if (path === undefined) return finding(step, '5.1.3', 'the forward-path is no address that can be sent');
  if (!path.international || takesUtf8) return undefined;
  return finding(step, '5.6.7', 'the address has letters beyond ASCII, and the server cannot take it (no SMTPUTF8)');
}
