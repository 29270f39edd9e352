/**
 * The certificates of a server: read from their files, and judged. Nothing here listens or shakes hands.
 * A file that cannot be used is a CertificateError that names every one; what can be used but will surprise somebody
 * (expired, of another name) is a doubt, told by `config check` and in the log.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Configuration } from '../config/options.js';
import { TlsService, type Identity } from '../net/tls.js';
import { ensureSelfSigned, selfSignedFile } from './self-signed.js';

type TlsSettings = Pick<Configuration, 'db' | 'hostname' | 'domain' | 'tlsCertificate' | 'tlsKey'>;

/** One sentence a file. */
export class CertificateError extends Error {
  readonly sentences: readonly string[];

  constructor(sentences: readonly string[]) {
    super(sentences.join('\n'));
    this.name = 'CertificateError';
    this.sentences = sentences;
  }
}

export interface Certificates {
  readonly identities: readonly Identity[];
  /** What a client shows of a certificate that nobody signed; undefined when files were given. */
  readonly selfSignedFingerprint: string | undefined;
  /** One sentence each. */
  readonly doubts: readonly string[];
}

const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const SOON_MS = 7 * 86_400_000;
/** Of its whole life: one that lasts a week is not overdue on its first day. */
const SOON_SHARE = 0.1;

/** The files that are read; those of a certificate made here included. None when TLS is off. */
export function certificateFiles({ db, tlsCertificate, tlsKey }: TlsSettings): readonly string[] {
  if (tlsCertificate === 'none') return [];
  if (tlsCertificate === 'auto') return [selfSignedFile(db)];
  return [...new Set([...tlsCertificate, ...(tlsKey === 'auto' ? [] : tlsKey)])];
}

/** Undefined when TLS is off; makes the self-signed certificate when there is none. @throws CertificateError */
export async function provideCertificates(settings: TlsSettings): Promise<Certificates | undefined> {
  const { tlsCertificate, hostname, domain, db } = settings;
  if (tlsCertificate !== 'auto') return readCertificates(settings);
  const file = selfSignedFile(db);
  const names = [...new Set([hostname, domain, ...LOCAL_NAMES])];
  try {
    const pem = await ensureSelfSigned(file, names);
    return {
      ...judged([{ file, identity: usable(file, pem, pem) }], hostname),
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
  const read = tlsCertificate.flatMap((file, at) => {
    try {
      const keyFile = tlsKey === 'auto' ? file : (tlsKey[at] ?? file);
      return [{ file, identity: usable(file, contents(file), contents(keyFile), keyFile) }];
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      sentences.push(...error.sentences);
      return [];
    }
  });
  if (sentences.length > 0) throw new CertificateError(sentences);
  return { ...judged(read, hostname), selfSignedFingerprint: undefined };
}

interface Read {
  readonly file: string;
  readonly identity: Identity;
}

function judged(read: readonly Read[], hostname: string): Pick<Certificates, 'identities' | 'doubts'> {
  const leaves = read.map(({ file, identity }) => ({ file, leaf: new X509Certificate(identity.certificate) }));
  const named = leaves.some(({ leaf }) => leaf.checkHost(hostname) !== undefined);
  return {
    identities: read.map(({ identity }) => identity),
    doubts: [
      ...leaves.flatMap(({ file, leaf }) => untimely(file, leaf, Date.now())),
      ...(named ? [] : [`No certificate names ${hostname}; give one that does, or another hostname`]),
    ],
  };
}

function untimely(file: string, { validFrom, validTo }: X509Certificate, nowMs: number): readonly string[] {
  const [beginMs, endMs] = [Date.parse(validFrom), Date.parse(validTo)];
  if (nowMs > endMs) return [`${file} expired on ${validTo}; renew it`];
  if (nowMs < beginMs) return [`${file} is not valid before ${validFrom}; look at the clock`];
  const soonMs = Math.min(SOON_MS, SOON_SHARE * (endMs - beginMs));
  return endMs - nowMs < soonMs ? [`${file} expires on ${validTo}; renew it`] : [];
}

/** @throws CertificateError */
function usable(file: string, certificatePem: string, keyPem: string, keyFile = file): Identity {
  const chain = certificatePem.match(PEM_CERTIFICATE) ?? [];
  const leaf = attempt(() => new X509Certificate(chain[0] ?? ''), `${file} holds no certificate in PEM form`);
  const key = attempt(() => createPrivateKey(keyPem), `${keyFile} holds no private key in PEM form that can be read`);
  if (!leaf.checkPrivateKey(key))
    throw new CertificateError([`${keyFile} holds the key of another certificate than ${file}`]);
  const identity = {
    certificate: `${chain.join('\n')}\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
  attempt(
    () => new TlsService('trial', { identities: [identity], ticketSecret: '' }),
    (why) => `${file} cannot be served with: ${why}`,
  );
  return identity;
}

function attempt<T>(act: () => T, sentence: string | ((why: string) => string)): T {
  try {
    return act();
  } catch (error) {
    throw new CertificateError([typeof sentence === 'string' ? sentence : sentence((error as Error).message)]);
  }
}

function contents(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CertificateError([`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`]);
  }
}

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}
