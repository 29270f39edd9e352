/**
 * What `config check` says of certificates: each kind of fault has one sentence that names the fix, and a chain that clients accept has
 * none. A server starts with what clients may refuse, and does not with what no TLS is possible with.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { generate, type SelfsignedOptions } from 'selfsigned';
import { itNeeds, run } from '../support/programs.js';
import { inEmptyDirectory, pennypost } from './pennypost.js';

const NAME = 'mx.example.org';
const DAY_MS = 86_400_000;

interface Made {
  readonly certificate: string;
  readonly key: string;
}

interface Making extends SelfsignedOptions {
  readonly issuer?: Made;
  readonly isAuthority?: boolean;
  /** In days from now. */
  readonly ends?: number;
  readonly names?: readonly string[];
  readonly clientOnly?: boolean;
}

async function made(
  name: string,
  { issuer, isAuthority, ends = 90, names = [name], clientOnly, ...options }: Making = {},
): Promise<Made> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 100 * DAY_MS),
    notAfterDate: new Date(Date.now() + ends * DAY_MS),
    ...(issuer && { ca: { cert: issuer.certificate, key: issuer.key } }),
    extensions: [
      { name: 'basicConstraints', cA: isAuthority === true, critical: true },
      ...(isAuthority === true
        ? []
        : [{ name: 'extKeyUsage' as const, serverAuth: clientOnly !== true, clientAuth: true }]),
      ...(names.length === 0
        ? []
        : [{ name: 'subjectAltName' as const, altNames: names.map((value) => ({ type: 2 as const, value })) }]),
    ],
    ...options,
  });
  return { certificate: `${cert.trim()}\n`, key: `${key.trim()}\n` };
}

function der(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
}

describe('config check of certificate files', function () {
  this.timeout(60_000);
  let root: Made;
  let intermediate: Made;
  let own: Made;
  let other: Made;

  before(async () => {
    root = await made('Root', { isAuthority: true });
    intermediate = await made('Intermediate', { isAuthority: true, issuer: root });
    own = await made(NAME, { issuer: intermediate });
    other = await made(NAME);
  });

  async function check(
    certificate: string | Buffer,
    key: string | Buffer = own.key,
  ): Promise<{ status: number | null; said: string[] }> {
    return inEmptyDirectory(async (directory) => {
      await writeFile(join(directory, 'cert.pem'), certificate);
      await writeFile(join(directory, 'key.pem'), key);
      const settings = `hostname = "${NAME}"\ntls-certificate = "cert.pem"\ntls-key = "key.pem"\n`;
      await writeFile(join(directory, 'pennypost.toml'), settings);
      const { status, stdout, stderr } = await pennypost(['config', 'check'], { directory });
      const said = (stdout + stderr).trimEnd().split('\n');
      return { status, said: said.map((line) => line.replace(/^pennypost: /, '')) };
    });
  }

  const sound = { status: 0, said: ['The configuration is sound.'] };
  const wrong = (...said: string[]) => ({ status: 78, said });

  it('a chain up to an issuer that its root signed is sound, with the root or without', async () => {
    expect(await check(own.certificate + intermediate.certificate)).to.deep.equal(sound);
    expect(await check(own.certificate + intermediate.certificate + root.certificate)).to.deep.equal(sound);
  });

  it('all in one file is sound, and so are other keys beside the right one', async () => {
    const all = other.key + own.key + own.certificate + intermediate.certificate;
    expect(await check(all, all)).to.deep.equal(sound);
    const { key } = other;
    const traditional = createPrivateKey(key).export({ type: 'sec1', format: 'pem' }) as string;
    expect(
      await check(
        other.certificate,
        `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${traditional}`,
      ),
    ).to.deep.equal(sound);
    expect(await check(`Bag Attributes\r\n${other.certificate.replaceAll('\n', '\r\n')}`, key)).to.deep.equal(sound);
  });

  it('names what a chain lacks, what is no part of it, and a wrong order', async () => {
    expect(await check(own.certificate)).to.deep.equal(
      wrong(
        'cert.pem lacks the certificate of Intermediate, which signed it, and clients may not have that; put it behind the own one, ' +
          'as in the fullchain.pem of ACME clients.',
      ),
    );
    expect(await check(own.certificate + root.certificate + intermediate.certificate)).to.deep.equal(
      wrong('cert.pem has its certificates out of order; put behind each the one that signed it.'),
    );
    expect(await check(own.certificate + own.certificate + intermediate.certificate)).to.deep.equal(
      wrong(`cert.pem also holds ${NAME}, no part of its chain; leave it out.`),
    );
    expect((await check(own.certificate + root.certificate)).said).to.have.length(2);
    expect(await check(intermediate.certificate + own.certificate)).to.deep.equal(
      wrong(
        'cert.pem begins with another certificate than that of the key in key.pem; put that first, and behind each the one that signed it.',
      ),
    );
  });

  it('names a certificate of the chain that has expired', async () => {
    const late = await made('Late', { isAuthority: true, issuer: root, ends: -1 });
    const { certificate, key } = await made(NAME, { issuer: late });
    const { status, said } = await check(certificate + late.certificate, key);
    expect(status).to.equal(78);
    expect(said).to.have.length(1);
    expect(said[0]).to.match(/^Late in cert\.pem expired on .*; give the chain that came with the last renewal\.$/);
  });

  it('names an issuer that is no authority, whoever signed that', async () => {
    for (const issuer of [await made('Nobody', { issuer: root }), await made('Nobody')]) {
      const { certificate, key } = await made(NAME, { issuer });
      expect(await check(certificate + issuer.certificate, key)).to.deep.equal(
        wrong(
          "Nobody in cert.pem signed another certificate and is no authority's, and clients refuse that; " +
            'have the own one issued by an authority.',
        ),
      );
    }
  });

  it('names a short key, a broken signature, a name in the common name only, another purpose', async () => {
    const short = await made(NAME, { keyType: 'rsa', keySize: 1024 });
    expect(await check(short.certificate, short.key)).to.deep.equal(
      wrong('cert.pem has an RSA key of 1024 bits, which clients refuse; make one of 2048, or of P-256.'),
    );
    const broken = await made(NAME, { algorithm: 'sha1' });
    expect(await check(broken.certificate, broken.key)).to.deep.equal(
      wrong('cert.pem is signed with SHA-1, which clients refuse; have it issued with SHA-256.'),
    );
    const nameless = await made(NAME, { names: [] });
    expect(await check(nameless.certificate, nameless.key)).to.deep.equal(
      wrong(
        `${NAME} is only the common name of its certificate, where clients no longer look; have it issued with that as a subjectAltName.`,
      ),
    );
    const purpose = await made(NAME, { clientOnly: true });
    expect(await check(purpose.certificate, purpose.key)).to.deep.equal(
      wrong(
        'cert.pem is for other purposes than a server, and clients refuse it; have one issued for servers (serverAuth).',
      ),
    );
  });

  it('says that a key is encrypted, in both forms', async () => {
    const key = createPrivateKey(other.key);
    const sentence =
      'key.pem is encrypted, and nobody is there to type its password; decrypt it: openssl pkey -in key.pem -out key.pem.pem.';
    for (const type of ['pkcs8', 'sec1'] as const) {
      const encrypted = key.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
      expect(await check(other.certificate, encrypted)).to.deep.equal(wrong(sentence));
    }
  });

  it('says which form a file has that is no PEM, or what else is in it', async () => {
    const says = async (certificate: string | Buffer, key: string | Buffer, ...sentences: readonly RegExp[]) => {
      const { status, said } = await check(certificate, key);
      expect(status).to.equal(78);
      expect(said).to.have.length(sentences.length);
      for (const [at, sentence] of sentences.entries()) expect(said[at]).to.match(sentence);
    };
    const sec1 = createPrivateKey(other.key).export({ type: 'sec1', format: 'der' });
    const DER = [
      /^cert\.pem is in DER form; .*: openssl x509 -inform DER/,
      /^key\.pem is in DER form; .*: openssl pkey -inform DER/,
    ];
    await says(der(other.certificate), der(other.key), ...DER);
    await says(der(other.certificate), sec1, ...DER);
    await says(other.key, other.key, /^cert\.pem holds a key, where a certificate is needed; /);
    await says('-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n', other.key, /^cert\.pem is PKCS#7; /);
    await says(
      '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n',
      other.key,
      /request for a certificate/,
    );
    const publicKey = new X509Certificate(other.certificate).publicKey.export({ type: 'spki', format: 'pem' });
    await says(other.certificate, publicKey, /^key\.pem holds a public key; /);
    await says(other.certificate, '', /^key\.pem holds no private key in PEM form/);
    await says('', '', /^cert\.pem holds no certificate/, /^key\.pem holds no private key/);
    await says(other.certificate.slice(0, 100), other.key, /^cert\.pem breaks off in the middle; /);
    await says(other.certificate, other.key.slice(0, 100), /^key\.pem breaks off in the middle; /);
  });

  itNeeds(
    ['openssl'],
    'says so of PKCS#12, of MD5, of a curve of nobody, and of a key that no TLS is possible with',
    () =>
      inEmptyDirectory(async (directory) => {
        const path = (name: string) => join(directory, name);
        const openssl = (...argv: readonly string[]) => run('openssl', argv, { cwd: directory });
        await writeFile(path('both.pem'), other.certificate + other.key);
        await openssl('pkcs12', '-export', '-in', 'both.pem', '-out', 'both.p12', '-passout', 'pass:');
        const made = async (...argv: readonly string[]) => {
          const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`];
          await openssl('req', '-x509', '-nodes', '-keyout', 'k.pem', '-out', 'c.pem', ...subject, ...argv);
          return check(await contents('c.pem'), await contents('k.pem'));
        };
        const contents = async (name: string) => (await run('cat', [path(name)])).stdout;
        const archive = await contents('both.p12');
        const sentence = /^(cert|key)\.pem is PKCS#12; convert it to PEM: openssl pkcs12 -nodes -in/;
        for (const said of (await check(archive, archive)).said) expect(said).to.match(sentence);
        expect((await made('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp224r1')).said).to.deep.equal([
          'cert.pem has a key on the curve secp224r1, which clients refuse; make one on P-256.',
        ]);
        expect((await made('-newkey', 'rsa:2048', '-md5')).said).to.deep.equal([
          'cert.pem is signed with MD5, which clients refuse; have it issued with SHA-256.',
        ]);
        await openssl('dsaparam', '-out', 'dsa.pem', '2048');
        expect((await made('-newkey', 'dsa:dsa.pem')).said[0]).to.match(/^key\.pem is a key of type dsa/);
      }),
  );
});
