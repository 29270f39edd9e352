/**
 * The certificates of a server: read from their files, and judged. Nothing here listens or shakes hands.
 * A file that no TLS is possible with is a CertificateError that names every one; what clients may refuse (expired, of another
 * name, short of its chain) is a warning, given by `config check` and in the log.
 */
import { X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Configuration } from '../config/configuration.js';
import { TlsService, type CertifiedKey } from '../net/tls.js';
import { locationOf } from '../store/locations.js';
import { CertificateError } from './certificate-error.js';
import { chainWarnings, chainOf, isSelfSigned, nameOf } from './chain.js';
import { certificatesIn, privateKeysIn, type PemFile } from './pem-file.js';
import { ensureSelfSigned } from './self-signed.js';
import { impossibleKey, mayNotSign, weaknesses } from './strength.js';

type TlsSettings = Pick<Configuration, 'db' | 'hostname' | 'domain' | 'tlsCertificate' | 'tlsKey'>;

export interface Certificates {
  readonly keys: readonly CertifiedKey[];
  /** What a client shows of a certificate that nobody signed; undefined when files were given. */
  readonly selfSignedFingerprint: string | undefined;
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/** Beside the database: `mail.db` → `mail.pem`. */
const MADE_HERE = '.pem';
const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];
/** Of RFC 5280 §4.2.1.12: for servers, or for anything. */
const SERVER_PURPOSES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];
const SOON_MS = 7 * 86_400_000;
/** Of its whole life: one that lasts a week is not overdue on its first day. */
const SOON_SHARE = 0.1;

/** The files that are read; those of a certificate made here included. None when TLS is off. */
export function certificateFiles({ db, tlsCertificate, tlsKey }: TlsSettings): readonly string[] {
  if (tlsCertificate === 'none') return [];
  if (tlsCertificate === 'auto') return [fileMadeHere(db)];
  return [...new Set([...tlsCertificate, ...(tlsKey === 'auto' ? [] : tlsKey)])];
}

function fileMadeHere(db: string): string {
  return locationOf(db).ownFile(MADE_HERE);
}

/** Undefined when TLS is off; makes the self-signed certificate when there is none. @throws CertificateError */
export async function provideCertificates(settings: TlsSettings): Promise<Certificates | undefined> {
  const { tlsCertificate, hostname, domain, db } = settings;
  if (tlsCertificate !== 'auto') return readCertificates(settings);
  const file = fileMadeHere(db);
  const names = [...new Set([hostname, domain, ...LOCAL_NAMES])];
  try {
    const pem = await ensureSelfSigned(file, names);
    return {
      ...judged([madeHere({ file, contents: Buffer.from(pem) })], hostname),
      selfSignedFingerprint: fingerprint(pem),
    };
  } catch (error) {
    if (error instanceof CertificateError) throw error;
    throw new CertificateError([`No certificate could be made in ${file}: ${(error as Error).message}`]);
  }
}

/** Of the files that the settings name, and only of those: makes nothing. @throws CertificateError */
export function readCertificates({ tlsCertificate, tlsKey, hostname }: TlsSettings): Certificates | undefined {
  if (tlsCertificate === 'none' || tlsCertificate === 'auto') return undefined;
  const sentences: string[] = [];
  const told = <T>(act: () => T) => collecting(sentences, act);
  const found = tlsCertificate.flatMap((file, at): readonly Read[] => {
    const keyFile = tlsKey === 'auto' ? file : (tlsKey[at] ?? file);
    const certificates = told(() => certificatesIn(read(file)));
    const keys = certificates === undefined && keyFile === file ? undefined : told(() => privateKeysIn(read(keyFile)));
    if (certificates === undefined || keys === undefined) return [];
    return told(() => [usable({ file, keyFile, certificates, keys })]) ?? [];
  });
  if (sentences.length > 0) throw new CertificateError(sentences);
  return { ...judged(found, hostname), selfSignedFingerprint: undefined };
}

interface Read {
  readonly file: string;
  readonly certificates: readonly X509Certificate[];
  readonly key: CertifiedKey;
}

function judged(found: readonly Read[], hostname: string): Pick<Certificates, 'keys' | 'warnings'> {
  const leaves = found.flatMap(({ certificates }) => certificates.slice(0, 1));
  return {
    keys: found.map(({ key }) => key),
    warnings: [
      ...found.flatMap(({ file, certificates }) => [
        ...certificateWarnings(file, certificates),
        ...chainWarnings(file, certificates),
      ]),
      ...nameWarnings(leaves, hostname),
    ],
  };
}

/** Of each certificate by itself, but of a root, which clients take from their own store, only whether it is one. */
function certificateWarnings(file: string, certificates: readonly X509Certificate[]): readonly string[] {
  const nowMs = Date.now();
  return chainOf(certificates).flatMap((certificate, at) => {
    if (at === 0)
      return [...untimely(file, certificate, nowMs), ...purpose(file, certificate), ...weaknesses(file, certificate)];
    const what = `${nameOf(certificate)} in ${file}`;
    const unfit = mayNotSign(what, certificate);
    if (isSelfSigned(certificate)) return unfit;
    return [...unfit, ...issuerUntimely(what, certificate, nowMs), ...weaknesses(what, certificate)];
  });
}

function nameWarnings(leaves: readonly X509Certificate[], hostname: string): readonly string[] {
  if (leaves.some((leaf) => leaf.checkHost(hostname, { subject: 'never' }) !== undefined)) return [];
  if (leaves.some((leaf) => leaf.checkHost(hostname) !== undefined))
    return [
      `${hostname} is only the common name of its certificate, where clients no longer look; have it issued with that as a subjectAltName`,
    ];
  return [`No certificate names ${hostname}; give one that does, or another hostname`];
}

function untimely(file: string, { validFrom, validTo }: X509Certificate, nowMs: number): readonly string[] {
  const [beginMs, endMs] = [Date.parse(validFrom), Date.parse(validTo)];
  if (nowMs > endMs) return [`${file} expired on ${validTo}; renew it`];
  if (nowMs < beginMs) return [`${file} is not valid before ${validFrom}; look at the clock`];
  const soonMs = Math.min(SOON_MS, SOON_SHARE * (endMs - beginMs));
  return endMs - nowMs < soonMs ? [`${file} expires on ${validTo}; renew it`] : [];
}

function issuerUntimely(what: string, { validFrom, validTo }: X509Certificate, nowMs: number): readonly string[] {
  if (nowMs > Date.parse(validTo))
    return [`${what} expired on ${validTo}; give the chain that came with the last renewal`];
  return nowMs < Date.parse(validFrom) ? [`${what} is not valid before ${validFrom}; look at the clock`] : [];
}

/** Without such a field it is for every purpose. */
function purpose(file: string, { keyUsage }: X509Certificate): readonly string[] {
  const purposes = keyUsage as readonly string[] | undefined;
  if (purposes === undefined || purposes.some((one) => SERVER_PURPOSES.includes(one))) return [];
  return [
    `${file} is for other purposes than a server, and clients refuse it; have one issued for servers (serverAuth)`,
  ];
}

function madeHere(pem: PemFile): Read {
  const { file } = pem;
  return usable({ file, keyFile: file, certificates: certificatesIn(pem), keys: privateKeysIn(pem) });
}

/** Undefined after an error whose sentences go to the others. */
function collecting<T>(sentences: string[], act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    sentences.push(...error.sentences);
    return undefined;
  }
}

interface Pair {
  readonly file: string;
  readonly keyFile: string;
  readonly certificates: readonly X509Certificate[];
  readonly keys: readonly KeyObject[];
}

/** The key is the one of several that belongs to the first certificate. @throws CertificateError */
function usable({ file, keyFile, certificates, keys }: Pair): Read {
  const privateKey = keys.find((one) => certificates[0]?.checkPrivateKey(one));
  if (privateKey === undefined) throw new CertificateError([mismatch({ file, keyFile, certificates, keys })]);
  const impossible = impossibleKey(keyFile, privateKey);
  if (impossible !== undefined) throw new CertificateError([impossible]);
  const key = {
    certificate: certificates.map((one) => one.toString()).join(''),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
  requireTls(file, certificates, key);
  return { file, certificates, key };
}

/** What is weak may also be refused here, by a newer library. @throws CertificateError */
function requireTls(file: string, certificates: readonly X509Certificate[], key: CertifiedKey): void {
  try {
    new TlsService('trial', { keys: [key], ticketSecret: '' });
  } catch (error) {
    const weak = certificates.flatMap((one, at) => weaknesses(at === 0 ? file : `${nameOf(one)} in ${file}`, one));
    throw new CertificateError(weak.length > 0 ? weak : [`${file} cannot be served with: ${(error as Error).message}`]);
  }
}

function mismatch({ file, keyFile, certificates, keys }: Pair): string {
  if (!certificates.some((one) => keys.some((key) => one.checkPrivateKey(key))))
    return `${keyFile} holds the key of another certificate than ${file}`;
  return `${file} begins with another certificate than that of the key in ${keyFile}; put that first, and behind each the one that signed it`;
}

function read(file: string): PemFile {
  try {
    return { file, contents: readFileSync(file) };
  } catch (error) {
    throw new CertificateError([`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`]);
  }
}

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}
