/**
 * The certificate of a server that was given none: signed by itself, made on the first start, in one file with its key
 * beside the database. Made again when it no longer fits: expired or about to, or of another name. Two servers that
 * start at once end up with the same one.
 */
import { X509Certificate } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import type * as Selfsigned from 'selfsigned';
import { lstatIfThere } from '../runtime/stats.js';

/**
 * The library is large, and wanted once in the life of a server. It is not imported: Node 22 gives an importer an empty module where
 * node_modules is a symbolic link.
 */
const require = createRequire(import.meta.url);

/** Above this some clients refuse a certificate, whoever signed it. */
const DAYS = 825;
const RENEW_DAYS = 30;
const DAY_MS = 86_400_000;
/** Clocks differ. */
const BACKDATE_MS = 3_600_000;
const PRIVATE = 0o600;
const OTHERS = 0o077;

/** The file as it is, or as it is once it was made; the names are in the certificate, the first as its subject. */
export async function ensureSelfSigned(file: string, names: readonly string[]): Promise<string> {
  const found = read(file);
  if (found !== undefined) closeToOthers(file);
  if (found !== undefined && fits(found, names)) return found;
  const made = await make(names);
  const waiting = `${file}.${process.pid}`;
  rmSync(waiting, { force: true });
  writeFileSync(waiting, made, { mode: PRIVATE, flag: 'wx' }); // Through no link.
  try {
    if (found === undefined) linkSync(waiting, file);
    else renameSync(waiting, file);
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFileSync(file, 'utf8'); // Another server was faster.
  } finally {
    rmSync(waiting, { force: true });
  }
}

/** Its key is nobody else's; what is no file of this user's is left to what reads it. */
function closeToOthers(file: string): void {
  const found = lstatIfThere(file);
  if (found?.isFile() !== true || (found.mode & OTHERS) === 0 || found.uid !== process.geteuid?.()) return;
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  fchmodSync(descriptor, PRIVATE);
  closeSync(descriptor);
}

/** @throws Error for a link that somebody else has made: it would choose the key that is served with */
function requireOwnLink(file: string): void {
  const found = lstatIfThere(file);
  if (found?.isSymbolicLink() !== true || found.uid === 0 || found.uid === process.geteuid?.()) return;
  throw new Error(`it is a link of user ${found.uid}; remove it`);
}

function read(file: string): string | undefined {
  requireOwnLink(file);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function fits(pem: string, names: readonly string[]): boolean {
  try {
    const certificate = new X509Certificate(pem);
    const lastsMs = Date.parse(certificate.validTo) - Date.now();
    return lastsMs > RENEW_DAYS * DAY_MS && names.every((name) => covers(certificate, name));
  } catch {
    return false; // A file that holds no certificate is replaced by one that does.
  }
}

function covers(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}

async function make(names: readonly string[]): Promise<string> {
  const { generate } = require('selfsigned') as typeof Selfsigned;
  const notBeforeDate = new Date(Date.now() - BACKDATE_MS);
  const { private: key, cert } = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
  return `${cert.trim()}\n${key.trim()}\n`;
}
