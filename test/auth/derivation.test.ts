/** Hashes made in threads that give way to others are the same hashes, whoever asks for them. */
import { expect } from 'chai';
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { DerivationThreads, type Derivation } from '../../src/auth/derivation.js';
import { NODE } from '../support/program.js';

const derivation = (password: string): Derivation => ({
  password,
  salt: Buffer.from('salt'),
  keyBytes: 32,
  by: { name: 'scrypt', N: 1024, r: 8, p: 1 },
});

function right(password: string): string {
  return scryptSync(password, 'salt', 32, { N: 1024, r: 8, p: 1 }).toString('hex');
}

/** proc(5): the nineteenth field of each thread's stat. */
function niceValues(): readonly number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

describe('threads that derive', () => {
  it('give each who asks its own hash, whatever others ask for meanwhile', async () => {
    const { derive } = new DerivationThreads(2);
    const passwords = Array.from({ length: 20 }, (_, number) => `password ${number}`);
    const hashes = await Promise.all(passwords.map((password) => derive(derivation(password))));
    expect(hashes.map((hash) => Buffer.from(hash).toString('hex'))).to.deep.equal(passwords.map(right));
  });

  it('derive the keys of SCRAM too', async () => {
    const { derive } = new DerivationThreads(1);
    const by = { name: 'PBKDF2', iterations: 1000, digest: 'sha256' } as const;
    const key = await derive({ password: 'pencil', salt: Buffer.from('salt'), keyBytes: 32, by });
    expect(Buffer.from(key)).to.deep.equal(pbkdf2Sync('pencil', 'salt', 1000, 32, 'sha256'));
  });

  it('fail as scrypt fails, and go on', async () => {
    const { derive } = new DerivationThreads(1);
    const dear: Derivation = { ...derivation('x'), by: { name: 'scrypt', N: 2 ** 17, r: 8, p: 1, maxmem: 1024 } };
    const failure = await derive(dear).then(
      () => undefined,
      (error: unknown) => error as NodeJS.ErrnoException,
    );
    expect(failure?.code).to.match(/^ERR_CRYPTO/);
    expect(Buffer.from(await derive(derivation('y'))).toString('hex')).to.equal(right('y'));
  });

  it('are of a lower priority than the thread that serves, which stays as it is', async function () {
    if (process.platform !== 'linux') this.skip();
    const before = niceValues();
    await new DerivationThreads(1).derive(derivation('z'));
    const [served = 0] = before;
    expect(niceValues()).to.include(Math.min(served + 5, 19));
    expect(niceValues()[0]).to.equal(served);
  });

  it('keep no process from its end', async () => {
    const module = new URL('../../src/auth/derivation.js', import.meta.url).href;
    const script = `const { DerivationThreads } = await import(${JSON.stringify(module)});
      const hash = await new DerivationThreads(2).derive({ password: 'a', salt: Buffer.from('salt'), keyBytes: 32, by: { name: 'scrypt', N: 1024, r: 8, p: 1 } });
      console.log(Buffer.from(hash).toString('hex'));`;
    const { stdout } = await promisify(execFile)(NODE, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).to.equal(right('a'));
  });
});
