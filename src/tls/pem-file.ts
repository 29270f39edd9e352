/**
 * The files that an operator names: what they hold in PEM form (RFC 7468), and where they hold something else, the sentence that says what
 * it is and how it becomes what is needed. Nothing here judges a certificate.
 */
import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import { CertificateError } from './certificate-error.js';

export interface PemFile {
  readonly file: string;
  readonly contents: Buffer;
}

interface Block {
  readonly label: string;
  readonly pem: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----[\s\S]*?-----END \1-----/g;
const CERTIFICATE_LABELS = ['CERTIFICATE', 'X509 CERTIFICATE'];
/** What other labels mean, as the reason why there is no certificate. */
const OTHER_BLOCKS: readonly (readonly [label: RegExp, sentence: (file: string) => string])[] = [
  [
    /^TRUSTED CERT/,
    (file) => `${file} has a form of OpenSSL's own; convert it: openssl x509 -in ${file} -out ${file}.pem`,
  ],
  [/^(PKCS7|CMS)$/, (file) => `${file} is PKCS#7; convert it: openssl pkcs7 -print_certs -in ${file} -out ${file}.pem`],
  [/REQUEST$/, (file) => `${file} holds a request for a certificate; give the certificate that was issued for it`],
  [/PRIVATE KEY$/, (file) => `${file} holds a key, where a certificate is needed; give the key's file with tls-key`],
];
/** DER begins with a SEQUENCE; PKCS#12 (RFC 7292 §4) goes on with its version, 3. */
const SEQUENCE = 0x30;
const PKCS12_VERSION = Buffer.from([2, 1, 3]);
const KEY_TYPES = ['pkcs8', 'pkcs1', 'sec1'] as const;

/** In the order in which they stand there; at least one. @throws CertificateError */
export function certificatesIn({ file, contents }: PemFile): readonly X509Certificate[] {
  const blocks = blocksIn(contents);
  const chain = blocks.filter(({ label }) => CERTIFICATE_LABELS.includes(label));
  if (chain.length === 0) throw new CertificateError([noCertificate(file, contents, blocks)]);
  return chain.map(({ pem }) =>
    attempt(
      () => new X509Certificate(pem.replaceAll('X509 CERTIFICATE', 'CERTIFICATE')),
      `${file} holds no certificate in PEM form`,
    ),
  );
}

/** At least one. @throws CertificateError */
export function privateKeysIn({ file, contents }: PemFile): readonly KeyObject[] {
  const blocks = blocksIn(contents).filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (blocks.length === 0) throw new CertificateError([noKey(file, contents)]);
  return blocks.map(({ label, pem }) => {
    if (label.startsWith('ENCRYPTED') || pem.includes('4,ENCRYPTED'))
      throw new CertificateError([
        `${file} is encrypted, and nobody is there to type its password; decrypt it: openssl pkey -in ${file} -out ${file}.pem`,
      ]);
    return attempt(() => createPrivateKey(pem), unreadableKey(file, label));
  });
}

function blocksIn(contents: Buffer): readonly Block[] {
  return [...contents.toString('latin1').matchAll(BLOCK)].map(([pem, label = '']) => ({ label, pem }));
}

function noCertificate(file: string, contents: Buffer, blocks: readonly Block[]): string {
  for (const [label, sentence] of OTHER_BLOCKS)
    if (blocks.some((block) => label.test(block.label))) return sentence(file);
  if (isPkcs12(contents)) return pkcs12(file);
  if (isCertificate(contents))
    return `${file} is in DER form; convert it to PEM: openssl x509 -inform DER -in ${file} -out ${file}.pem`;
  return breaksOff(contents) ? brokenOff(file) : `${file} holds no certificate in PEM form`;
}

function noKey(file: string, contents: Buffer): string {
  if (isPkcs12(contents)) return pkcs12(file);
  if (isKey(contents))
    return `${file} is in DER form; convert it to PEM: openssl pkey -inform DER -in ${file} -out ${file}.pem`;
  if (blocksIn(contents).some(({ label }) => label.endsWith('PUBLIC KEY')))
    return `${file} holds a public key; give the private key that belongs to it`;
  return breaksOff(contents) ? brokenOff(file) : `${file} holds no private key in PEM form that can be read`;
}

function unreadableKey(file: string, label: string): string {
  if (label.startsWith('OPENSSH')) return `${file} is a key of SSH; give the key that the certificate was made for`;
  return `${file} holds no private key in PEM form that can be read`;
}

/** After the blocks that are whole. */
function breaksOff(contents: Buffer): boolean {
  return contents.lastIndexOf('-----BEGIN ') > contents.lastIndexOf('-----END ');
}

function brokenOff(file: string): string {
  return `${file} breaks off in the middle; copy it again`;
}

function pkcs12(file: string): string {
  return `${file} is PKCS#12; convert it to PEM: openssl pkcs12 -nodes -in ${file} -out ${file}.pem`;
}

function isPkcs12(contents: Buffer): boolean {
  if (contents[0] !== SEQUENCE) return false;
  const lengthBytes = ((contents[1] ?? 0) & 0x80) === 0 ? 1 : 1 + ((contents[1] ?? 0) & 0x7f);
  return contents.subarray(1 + lengthBytes, 1 + lengthBytes + PKCS12_VERSION.length).equals(PKCS12_VERSION);
}

function isCertificate(contents: Buffer): boolean {
  return contents[0] === SEQUENCE && succeeds(() => new X509Certificate(contents));
}

function isKey(key: Buffer): boolean {
  return (
    key[0] === SEQUENCE && KEY_TYPES.some((type) => succeeds(() => createPrivateKey({ key, format: 'der', type })))
  );
}

function succeeds(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

function attempt<T>(act: () => T, sentence: string): T {
  try {
    return act();
  } catch {
    throw new CertificateError([sentence]);
  }
}
