/**
 * What ties a login to one TLS connection (RFC 5056), by the types that clients know: 'tls-exporter' (RFC 9266) under TLS 1.3,
 * 'tls-unique' (RFC 5929 §3) before, and 'tls-server-end-point' (RFC 5929 §4) under both.
 * None for a type that is not defined for the connection, or not known here.
 */
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { signatureHash } from './signature-hash.js';

/** RFC 9266 §3. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_BYTES = 32;
/** Whoever signed with these: RFC 5929 §4.1. */
const WEAK = new Set(['md5', 'sha1']);

/** `served`: the certificates of the service, in DER. */
export function channelBindings(socket: TLSSocket, type: string, served: readonly Buffer[]): readonly Uint8Array[] {
  switch (type) {
    case 'tls-exporter':
      return present(exporterOf(socket));
    case 'tls-unique':
      return present(firstFinished(socket));
    case 'tls-server-end-point':
      return certificatesOf(socket, served).flatMap((certificate) => present(hashOf(certificate)));
    default:
      return [];
  }
}

function present(octets: Uint8Array | undefined): readonly Uint8Array[] {
  return octets === undefined ? [] : [octets];
}

/** Before TLS 1.3 it would need an extension that cannot be asked for here (RFC 9266 §4.2). */
function exporterOf(socket: TLSSocket): Uint8Array | undefined {
  if (socket.getProtocol() !== 'TLSv1.3') return undefined;
  return socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0));
}

/**
 * The client's, or the server's when a session is resumed. The attack that RFC 7627 §1 describes needs a key exchange in which
 * one side can bring about the same secret twice; only ECDHE with sound groups is offered here (tls.ts).
 */
function firstFinished(socket: TLSSocket): Uint8Array | undefined {
  if (socket.getProtocol() !== 'TLSv1.2') return undefined;
  return socket.isSessionReused() ? socket.getFinished() : socket.getPeerFinished();
}

/**
 * That which the client was shown, whatever is served by now. When it resumes a session it is shown none, and no library says
 * which it was: one of these, or the ticket would not have been taken.
 */
function certificatesOf(socket: TLSSocket, served: readonly Buffer[]): readonly Buffer[] {
  const certificate = socket.isSessionReused() ? undefined : socket.getX509Certificate()?.raw;
  return certificate === undefined ? served : [certificate];
}

function hashOf(certificate: Buffer): Uint8Array | undefined {
  const hash = signatureHash(certificate);
  if (hash === undefined) return undefined;
  return createHash(WEAK.has(hash) ? 'sha256' : hash)
    .update(certificate)
    .digest();
}
