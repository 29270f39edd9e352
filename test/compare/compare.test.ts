/**
 * What `npm run compare` rests on: cases follow from the seed, a peer that answers otherwise is found and a reason is taken only
 * where it stands; and, where Postfix and Dovecot are installed, a short comparison. SEED in the environment makes other cases of it.
 */
import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { createServer, type Server as NetServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { differences, DIFFERENCES_LIMIT, type Difference } from '../../scripts/docs/differences.js';
import { Server } from '../support/server.js';
import { compareAll } from './compare.js';
import { casesOf, kinds } from './kinds.js';
import { groupsOf, isLike, reportOf } from './report.js';
import { missing, startServers } from './servers.js';

const untold = (): void => undefined;
const smtpNames = kinds.filter(({ name }) => name.startsWith('smtp verb'));

describe('the cases of a comparison', () => {
  const text = (seed: number): readonly string[] =>
    casesOf(seed, 2000).map(
      ({ kind, steps }) => `${kind.name} ${steps.map(({ bytes }) => bytes.toString('latin1')).join('')}`,
    );

  it('are as many as were asked for, none of them twice, and the same for the same seed', () => {
    expect(new Set(text(1)).size).to.equal(2000);
    expect(text(1)).to.deep.equal(text(1));
  });

  it('are others for another seed, of the same kinds', () => {
    const [one, other] = [new Set(text(1)), text(2)];
    expect(other.filter((each) => one.has(each)).length).to.be.below(1000);
    const names = (seed: number): ReadonlySet<string> => new Set(casesOf(seed, 2000).map(({ kind }) => kind.name));
    expect(names(2)).to.deep.equal(names(1));
  });
});

describe('the differences with a reason', () => {
  it(`are at most ${DIFFERENCES_LIMIT}, each of kinds that there are`, () => {
    expect(differences.length).to.be.at.most(DIFFERENCES_LIMIT);
    for (const { kinds: names } of differences)
      for (const one of names)
        expect(
          kinds.some(({ name }) => isLike(name, one)),
          one,
        ).to.equal(true);
  });
});

describe('a comparison', function () {
  this.timeout(120_000);
  let server: Server;
  let peer: NetServer;

  before(async () => {
    server = await Server.start();
    peer = await yesSayer();
  });
  after(async () => {
    peer.close();
    await server.release();
  });

  it('finds nothing where both are the same', async () => {
    const ours = server.smtpPort;
    const { differing, failed } = await compareAll(casesOf(1, 20, smtpNames), portsOf(ours, ours), untold);
    expect({ differing, failed }).to.deep.equal({ differing: [], failed: [] });
  });

  it('finds a peer that answers otherwise, and takes it for known where a reason stands', async () => {
    const result = await compareAll(
      casesOf(1, 20, smtpNames),
      portsOf(server.smtpPort, (peer.address() as AddressInfo).port),
      untold,
    );
    const groups = groupsOf(result.differing, []);
    const unknown = groups.filter(
      ({ ours, theirs, known }) => ours === '5xx' && theirs === '2xx' && known === undefined,
    );
    expect(unknown).to.not.be.empty;
    expect(reportOf(result, groups)).to.include('DIFFERENT: smtp verb: ');
    const reason: Difference = {
      kinds: ['smtp verb: *'],
      ours: ['5xx'],
      theirs: ['2xx'],
      what: '',
      answers: '',
      why: '',
    };
    for (const { ours, theirs, known } of groupsOf(result.differing, [reason]))
      expect(known === reason, `${ours} ${theirs}`).to.equal(ours === '5xx' && theirs === '2xx');
  });
});

describe('Postfix and Dovecot', function () {
  this.timeout(180_000);
  const lacking = missing();

  it(`are answered like${lacking === undefined ? '' : ` (skipped: ${lacking})`}`, async function () {
    if (lacking !== undefined) return this.skip();
    const home = mkdtempSync(join(tmpdir(), 'pennypost-compare-'));
    chmodSync(home, 0o755);
    const umask = process.umask(0o022); // The peers' users read what is made there.
    const servers = await startServers(home).finally(() => process.umask(umask));
    try {
      const result = await compareAll(casesOf(Number(process.env['SEED'] ?? 1), CASES), servers.ports, untold);
      const groups = groupsOf(result.differing);
      const unexplained = groups.filter(({ known }) => known === undefined);
      expect([unexplained.length, result.failed.length], reportOf(result, groups)).to.deep.equal([0, 0]);
    } finally {
      await servers.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

const CASES = 80;

/** Answers 250 to everything. */
function yesSayer(): Promise<NetServer> {
  const peer = createServer((socket) => {
    socket.on('error', () => undefined).write('220 yes\r\n');
    socket.on('data', () => socket.write('250 yes\r\n'));
  });
  return new Promise((resolve) => peer.listen({ port: 0, host: '127.0.0.1' }, () => resolve(peer)));
}

function portsOf(ours: number, theirs: number) {
  const both = { ours, theirs };
  return { smtp: both, submission: both, lmtp: both, pop3: both };
}
