/**
 * Names and passwords in the octets that a client sends. They are UTF-8 (RFC 4616 §2, RFC 6856 §2.2); what is not comes from an
 * old client. Its name is read as Latin-1, so that its failures count for the account that is meant; its password is none of ours.
 */
import { isUtf8, type Buffer } from 'node:buffer';

export function nameIn(octets: Buffer): string {
  return octets.toString(isUtf8(octets) ? 'utf8' : 'latin1');
}

/** Undefined for what no password here can be. */
export function passwordIn(octets: Buffer): string | undefined {
  return isUtf8(octets) ? octets.toString() : undefined;
}
