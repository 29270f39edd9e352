/** Certificates for tests: signed by themselves, of any names and any time. */
import { generate } from 'selfsigned';
import type { CertifiedKey } from '../../src/net/tls.js';

const DAY_MS = 86_400_000;

export interface Lifetime {
  /** In days from now. */
  readonly begins?: number;
  readonly ends?: number;
}

export async function certificateOf(
  names: readonly string[],
  { begins = -1, ends = 90 }: Lifetime = {},
): Promise<CertifiedKey> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() + begins * DAY_MS),
    notAfterDate: new Date(Date.now() + ends * DAY_MS),
    extensions: [{ name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) }],
  });
  return { certificate: `${cert.trim()}\n`, key: `${key.trim()}\n` };
}
