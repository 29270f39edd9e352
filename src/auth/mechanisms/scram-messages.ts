/**
 * The messages of a SCRAM client (RFC 5802 §7), read whole or not at all:
 *
 *   client-first-message = gs2-cbind-flag "," [authzid] "," username "," nonce ["," extensions]
 *   client-final-message = channel-binding "," nonce ["," extensions] "," proof
 *
 * Optional extensions are read and ignored; one that is mandatory (`m=`) is no message that we know (§5.1).
 */
import { isUtf8 } from 'node:buffer';
import { fromBase64 } from '../base64.js';

export interface ClientFirst {
  /** The gs2-header, which the final message repeats. */
  readonly header: string;
  /** 'n': the client cannot bind; 'y': it could, and thinks that the server cannot; 'p': it does. */
  readonly flag: 'n' | 'y' | 'p';
  /** What it binds to; empty unless the flag is 'p'. */
  readonly bindingType: string;
  readonly authzid: string;
  readonly name: string;
  readonly nonce: string;
  /** All that follows the header: signed on both sides. */
  readonly bare: string;
}

export interface ClientFinal {
  readonly binding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  readonly withoutProof: string;
}

/** Longer than any name, nonce and proof of ours. */
const MESSAGE_LIMIT_BYTES = 4096;
/** Printable ASCII but a comma. */
const NONCE = '[!-+\\--~]+';
/** `=` stands in a name only where it escapes a comma or itself. */
const SASLNAME = '(?:[^,=\\0]|=2C|=3D)+';
/** No attribute that has a meaning at another place. */
const EXTENSIONS = '(?:,(?![aceimnprsv]=)[A-Za-z]=[^,\\0]+)*';
const BASE64 = '[A-Za-z0-9+/]+={0,2}';

const FIRST = new RegExp(
  `^((?:([ny])|p=([A-Za-z0-9.-]+)),(?:a=(${SASLNAME}))?,)(n=(${SASLNAME}),r=(${NONCE})${EXTENSIONS})$`,
);
const FINAL = new RegExp(`^(c=(${BASE64}),r=(${NONCE})${EXTENSIONS}),p=(${BASE64})$`);

export function readClientFirst(octets: Buffer): ClientFirst | undefined {
  const [whole, header = '', plainFlag, bindingType = '', authzid = '', bare = '', name = '', nonce = ''] =
    FIRST.exec(text(octets)) ?? [];
  if (whole === undefined) return undefined;
  const flag = (plainFlag ?? 'p') as ClientFirst['flag'];
  return { header, flag, bindingType, authzid: unescaped(authzid), name: unescaped(name), nonce, bare };
}

export function readClientFinal(octets: Buffer): ClientFinal | undefined {
  const [, withoutProof = '', channelBinding, nonce = '', clientProof] = FINAL.exec(text(octets)) ?? [];
  const binding = fromBase64(channelBinding ?? '?');
  const proof = fromBase64(clientProof ?? '?');
  return binding && proof && { binding, nonce, proof, withoutProof };
}

/** Empty for what cannot be a message. */
function text(octets: Buffer): string {
  return octets.length <= MESSAGE_LIMIT_BYTES && isUtf8(octets) ? octets.toString() : '';
}

function unescaped(saslname: string): string {
  return saslname.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
