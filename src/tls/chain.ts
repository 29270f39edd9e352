/**
 * Which certificates of a file lead from the server's own to a root, and what clients miss or stumble over in them. A root need not be
 * there: clients have their own. Nothing here is an error, since TLS goes on; each finding is one sentence that names the fix.
 */
import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

const COMMON_NAME = /^CN=(.*)$/m;
const UNPRINTABLE = /[^\x20-\x7e]/g;
/** A whole collection of roots may stand in a file. */
const NAMES_SHOWN = 3;

/** The server's own, and whatever signed it or what signed it; another root may have signed the same issuer. */
export function chainOf(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  const chain = new Set(certificates.slice(0, 1));
  for (let before = 0; before < chain.size;) {
    before = chain.size;
    for (const issuer of certificates) if ([...chain].some((one) => isSignedBy(one, issuer))) chain.add(issuer);
  }
  return certificates.filter((one) => chain.has(one));
}

/** What is wrong with the certificates of a file, taken together. */
export function chainWarnings(file: string, certificates: readonly X509Certificate[]): readonly string[] {
  const chain = chainOf(certificates);
  const stray = certificates.filter((one) => !chain.includes(one));
  return [
    ...(isAlone(chain) ? [alone(file, chain[0] as X509Certificate)] : []),
    ...(stray.length > 0 ? [`${file} also holds ${namesOf(stray)}, no part of its chain; leave it out`] : []),
    ...(stray.length === 0 && !isInOrder(certificates) ? [outOfOrder(file)] : []),
  ];
}

/** Whatever it says that its key is for: a server's own may sign nothing else, and so be nobody's issuer. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && isVerifiedBy(certificate, certificate);
}

/** For a sentence; whoever made a certificate chose it. */
export function nameOf({ subject }: X509Certificate): string {
  return printable(subject);
}

function namesOf(certificates: readonly X509Certificate[]): string {
  const names = certificates.slice(0, NAMES_SHOWN).map(nameOf).join(', ');
  return certificates.length > NAMES_SHOWN ? `${names} and ${certificates.length - NAMES_SHOWN} others` : names;
}

function printable(name: string): string {
  return (COMMON_NAME.exec(name)?.[1] ?? name.split('\n').at(-1) ?? '').replace(UNPRINTABLE, '?');
}

/** A root that everybody has may have signed it itself. */
function isAlone([own, ...issuers]: readonly X509Certificate[]): boolean {
  return own !== undefined && issuers.length === 0 && !isSelfSigned(own) && !rootCertificates.some(hasSigned(own));
}

function hasSigned(own: X509Certificate): (root: string) => boolean {
  return (pem) => {
    const root = new X509Certificate(pem);
    return root.subject === own.issuer && isSignedBy(own, root);
  };
}

function alone(file: string, { issuer }: X509Certificate): string {
  return (
    `${file} lacks the certificate of ${printable(issuer)}, which signed it, and clients may not have that; ` +
    'put it behind the own one, as in the fullchain.pem of ACME clients'
  );
}

/** Behind each comes what signed it, or another that did. */
function isInOrder(certificates: readonly X509Certificate[]): boolean {
  return certificates.every(
    (issuer, at) => at === 0 || certificates.slice(0, at).some((one) => isSignedBy(one, issuer)),
  );
}

function outOfOrder(file: string): string {
  return `${file} has its certificates out of order; put behind each the one that signed it`;
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && isVerifiedBy(certificate, issuer);
}

function isVerifiedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false; // A key that this TLS library does not know.
  }
}
