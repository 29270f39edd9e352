/**
 * TLS from the client's side: what is trusted, and the handshake. A certificate is verified by its name where the next hop wants
 * TLS; where TLS is only better than nothing, any is taken. Node's own choice of versions and ciphers: TLS 1.2 and later.
 */
import { isIP } from 'node:net';
import { connect, createSecureContext, rootCertificates, type SecureContext, type TLSSocket } from 'node:tls';
import type { Dialogue } from './dialogue.js';
import { broken } from './reply.js';

/** The certificates of those who sign others: Node's, and in PEM those that `more` names. */
export function trust(more: readonly string[] = []): SecureContext {
  return createSecureContext(more.length === 0 ? {} : { ca: [...rootCertificates, ...more] });
}

export interface HandshakeOptions {
  readonly context: SecureContext;
  /** What the certificate must be for: a name, or an address. */
  readonly name: string;
  /** Whether anybody else is refused. */
  readonly mustVerify: boolean;
  readonly deadlineMs: number;
}

/** Undefined when the dialogue goes on under TLS; else why not, as a sentence, and the dialogue is broken. */
export async function handshake(dialogue: Dialogue, options: HandshakeOptions): Promise<TLSSocket | string> {
  const { context, name, mustVerify, deadlineMs } = options;
  const socket = dialogue.leave();
  if (socket.destroyed) return sentenceOf(undefined, name);
  const secured = connect({
    socket,
    host: name,
    ...(isIP(name) === 0 && { servername: name }),
    secureContext: context,
    rejectUnauthorized: mustVerify,
  });
  const timer = setTimeout(() => secured.destroy(coded('TLS_TIMEOUT')), deadlineMs);
  const failure = await new Promise<Error | undefined>((resolve) => {
    secured.once('secureConnect', () => resolve(undefined)).once('error', resolve);
    secured.once('close', () => resolve(coded('TLS_BROKEN_OFF')));
    socket.once('close', () => resolve(coded('TLS_BROKEN_OFF')));
  });
  clearTimeout(timer);
  secured.on('error', () => undefined); // Heard above, or by the dialogue.
  if (failure === undefined && dialogue.broken === undefined) {
    dialogue.continueUnder(secured);
    return secured;
  }
  const sentence = sentenceOf(failure, name);
  secured.destroy();
  dialogue.break(broken('4.7.5', sentence));
  return sentence;
}

const SENTENCES: Readonly<Record<string, (name: string) => string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: (name) => `the certificate of the server is not for ${name}`,
  CERT_HAS_EXPIRED: () => 'the certificate of the server has expired',
  CERT_NOT_YET_VALID: () => 'the certificate of the server is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: () => 'the certificate of the server is signed by itself, and by nobody who is trusted',
  SELF_SIGNED_CERT_IN_CHAIN: () => 'the certificate of the server is signed by somebody who is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: () => 'the server does not show who signed its certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: () => 'the certificate of the server is signed by somebody who is not trusted',
  TLS_TIMEOUT: () => 'the TLS handshake was not over in time',
  TLS_BROKEN_OFF: () => 'the server broke the TLS handshake off',
};

function sentenceOf(failure: NodeJS.ErrnoException | undefined, name: string): string {
  const code = failure?.code ?? 'TLS_BROKEN_OFF';
  return `${SENTENCES[code]?.(name) ?? 'the TLS handshake failed'} (${code})`;
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
