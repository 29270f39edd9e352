/**
 * What clients refuse of a certificate because it can be forged, because they do not know how to read it, or because of who signed it:
 * short RSA keys, curves that TLS hardly has, signatures over broken hashes, issuers that are none. The name of a signature's
 * algorithm is read from the certificate itself: Node has no word for it before 24.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';

/** RFC 9325 §4.5; CA/Browser Forum, Baseline Requirements §6.1.5. */
const RSA_LEAST_BITS = 2048;
/** Of RFC 8446 §4.2.7, those for which certificates are issued. */
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const KEY_TYPES: ReadonlySet<string> = new Set(['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448']);

/** Object identifiers in DER, as hexadecimal (RFC 8017 §A.2, RFC 3279 §2.2). */
const BROKEN_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010102', 'MD2'],
  ['2a864886f70d010103', 'MD4'],
  ['2a864886f70d010104', 'MD5'],
  ['2a864886f70d010105', 'SHA-1'],
  ['2b0e03021d', 'SHA-1'],
  ['2a8648ce3d0401', 'SHA-1'],
  ['2a8648ce380403', 'SHA-1'],
]);
/** Its hash is a parameter, and SHA-1 without one (RFC 8017 §A.2.3). */
const PSS = '2a864886f70d01010a';
/** The tag [0] of a constructed element (X.690 §8.1.2). */
const EXPLICIT_0 = 0xa0;
const SHA_2 = /60864801650304020[1-4]/;

/** Why no TLS is possible with this key; undefined when it is. */
export function impossibleKey(file: string, { asymmetricKeyType: type }: KeyObject): string | undefined {
  return type !== undefined && KEY_TYPES.has(type)
    ? undefined
    : `${file} is a key of type ${String(type)}, which TLS here has no use for; make one of EC or RSA`;
}

/** `what` names the certificate in its sentence. */
export function weaknesses(what: string, certificate: X509Certificate): readonly string[] {
  const { modulusLength, namedCurve } = certificate.publicKey.asymmetricKeyDetails ?? {};
  const hash = brokenHash(certificate.raw);
  return [
    ...(modulusLength !== undefined && modulusLength < RSA_LEAST_BITS
      ? [
          `${what} has an RSA key of ${modulusLength} bits, which clients refuse; make one of ${RSA_LEAST_BITS}, or of P-256`,
        ]
      : []),
    ...(namedCurve !== undefined && !CURVES.has(namedCurve)
      ? [`${what} has a key on the curve ${namedCurve}, which clients refuse; make one on P-256`]
      : []),
    ...(hash === undefined
      ? []
      : [`${what} is signed with ${hash}, which clients refuse; have it issued with SHA-256`]),
  ];
}

/** An issuer whose certificate does not say that it is an authority (RFC 5280 §4.2.1.9); version 1 had no way to say so. */
export function mayNotSign(what: string, { ca, raw }: X509Certificate): readonly string[] {
  if (ca || isFirstVersion(raw)) return [];
  return [
    `${what} signed another certificate and is no authority's, and clients refuse that; have the own one issued by an authority`,
  ];
}

/** TBSCertificate ::= SEQUENCE { version [0] EXPLICIT DEFAULT v1, … } (RFC 5280 §4.1). */
function isFirstVersion(raw: Buffer): boolean {
  return raw[element(raw, element(raw, 0).from).from] !== EXPLICIT_0;
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm, parameters }, … } (RFC 5280 §4.1). */
function brokenHash(raw: Buffer): string | undefined {
  const signed = element(raw, element(raw, 0).from);
  const algorithm = element(raw, signed.to);
  const name = element(raw, algorithm.from);
  const identifier = raw.toString('hex', name.from, name.to);
  if (identifier === PSS) return SHA_2.test(raw.toString('hex', name.to, algorithm.to)) ? undefined : 'SHA-1';
  return BROKEN_SIGNATURES.get(identifier);
}

/** Where the content of an element of DER begins and ends. The library has read the certificate before: lengths are right. */
function element(raw: Buffer, at: number): { readonly from: number; readonly to: number } {
  const short = raw.readUInt8(at + 1);
  if (short < 0x80) return { from: at + 2, to: at + 2 + short };
  const bytes = short & 0x7f;
  const from = at + 2 + bytes;
  return { from, to: from + raw.readUIntBE(at + 2, bytes) };
}
