/** `config check`, `config show`, and what a broken configuration does to every other command. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { certificateOf } from '../support/certificates.js';
import { inEmptyDirectory, pennypost } from './pennypost.js';

describe('a broken configuration', () => {
  it('exits with 78 and names every mistake on a line of its own', () =>
    inEmptyDirectory(async (directory) => {
      await writeFile(join(directory, 'pennypost.toml'), 'smtp_port = 25\nworkers = 0\n');
      const environment = { PENNYPOST_LOG_LEVEL: 'loud', PENNYPOST_DBB: 'x' };
      const { status, stderr } = await pennypost(['config', 'check'], { directory, environment });
      expect(stderr.trimEnd().split('\n').sort()).to.deep.equal([
        "pennypost: PENNYPOST_DBB is the variable of no option; did you mean 'PENNYPOST_DB'?",
        "pennypost: PENNYPOST_LOG_LEVEL takes one of fatal, error, warn, info, debug, trace, silent, not 'loud'.",
        "pennypost: pennypost.toml has no option 'smtp_port'; did you mean 'smtp-port'?",
        "pennypost: workers in pennypost.toml takes a whole number from 1 to 256, not '0'.",
      ]);
      expect(status).to.equal(78);
    }));

  it('names the line of a file that is no TOML', () =>
    inEmptyDirectory(async (directory) => {
      await writeFile(join(directory, 'pennypost.toml'), 'workers = 2\ndb = mail\n');
      const { status, stderr } = await pennypost(['serve'], { directory });
      expect(stderr).to.match(/^pennypost: pennypost\.toml, line 2: /);
      expect(status).to.equal(78);
    }));

  it('is 78 also where a flag is wrong too', () =>
    inEmptyDirectory(async (directory) => {
      const environment = { PENNYPOST_WORKERS: 'x' };
      const { status } = await pennypost(['serve', '--smtp-port', 'x'], { directory, environment });
      expect(status).to.equal(78);
    }));
});

describe('config check', () => {
  it('calls a sound configuration sound', () =>
    inEmptyDirectory(async (directory) => {
      const { status, stdout } = await pennypost(['config', 'check'], { directory });
      expect({ status, stdout }).to.deep.equal({ status: 0, stdout: 'The configuration is sound.\n' });
    }));
});

describe('config show', () => {
  it('says where each value came from', () =>
    inEmptyDirectory(async (directory) => {
      await writeFile(join(directory, 'pennypost.toml'), 'workers = 3\nmax-message-size = "1MiB"\n');
      const environment = { PENNYPOST_DOMAIN: 'Example.ORG' };
      const argv = ['config', 'show', '--json', '--host', '::1', '--host', '127.0.0.1', '-v'];
      const shown = JSON.parse((await pennypost(argv, { directory, environment })).stdout) as Record<string, unknown>;
      expect(shown).to.deep.include({
        host: { value: ['::1', '127.0.0.1'], source: 'flag --host' },
        verbose: { value: true, source: 'flag --verbose' },
        domain: { value: 'example.org', source: 'PENNYPOST_DOMAIN' },
        workers: { value: 3, source: 'pennypost.toml' },
        'max-message-size': { value: 1048576, source: 'pennypost.toml' },
        'smtp-port': { value: 2525, source: 'default' },
      });
    }));

  it('prints a table of option, value and source', () =>
    inEmptyDirectory(async (directory) => {
      const { stdout } = await pennypost(['config', 'show', '--db', 'x.db'], { directory });
      expect(stdout)
        .to.match(/^option +value +source$/m)
        .and.match(/^db +x\.db +flag --db$/m);
    }));
});

describe('config check of certificates', () => {
  const check = async (settings: string, files: Readonly<Record<string, string>>) =>
    inEmptyDirectory(async (directory) => {
      await writeFile(join(directory, 'pennypost.toml'), `hostname = "mx.example.org"\n${settings}`);
      for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
      const { status, stdout, stderr } = await pennypost(['config', 'check'], { directory });
      return { status, said: stdout + stderr };
    });
  const PAIR = 'tls-certificate = "cert.pem"\ntls-key = "key.pem"\n';

  it('finds nothing to say of a good one, also among several', async () => {
    const [good, other] = [await certificateOf(['*.example.org']), await certificateOf(['other.example'])];
    const both = { 'a.pem': other.certificate + other.key, 'b.pem': good.key + good.certificate };
    const { status, said } = await check('tls-certificate = "a.pem,b.pem"\n', both);
    expect(said).to.equal('The configuration is sound.\n');
    expect(status).to.equal(0);
  });

  for (const [what, lifetime, names, sentence] of [
    [
      'has expired',
      { begins: -90, ends: -1 },
      ['mx.example.org'],
      /^pennypost: cert\.pem expired on .*; renew it\.\n$/,
    ],
    ['is not valid yet', { begins: 1 }, ['mx.example.org'], /^pennypost: cert\.pem is not valid before .*\n$/],
    ['is of other names', {}, ['other.example'], /^pennypost: No certificate names mx\.example\.org; .*\n$/],
  ] as const)
    it(`names one that ${what}`, async () => {
      const { certificate, key } = await certificateOf(names, lifetime);
      const { status, said } = await check(PAIR, { 'cert.pem': certificate, 'key.pem': key });
      expect(said).to.match(sentence);
      expect(status).to.equal(78);
    });

  it('names the key of another, and what is missing or unreadable, all at once', async () => {
    const [one, other] = [await certificateOf(['mx.example.org']), await certificateOf(['mx.example.org'])];
    const { status, said } = await check(PAIR, { 'cert.pem': one.certificate, 'key.pem': other.key });
    expect(said).to.equal('pennypost: key.pem holds the key of another certificate than cert.pem.\n');
    expect(status).to.equal(78);
    const several = 'tls-certificate = "a.pem,b.pem,c.pem"\n';
    const found = await check(several, { 'b.pem': 'nothing', 'c.pem': one.certificate });
    expect(found.said.trimEnd().split('\n')).to.deep.equal([
      'pennypost: a.pem cannot be read: ENOENT.',
      'pennypost: b.pem holds no certificate in PEM form.',
      'pennypost: c.pem holds no private key in PEM form that can be read.',
    ]);
    expect(found.status).to.equal(78);
  });
});
