/** What is shipped for systemd and containers says what the program understands, and runs nothing as root. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { isInstalled, run } from '../support/programs.js';
import { ROOT } from '../support/server.js';

const UNITS = `${ROOT}packaging/systemd/`;
/** systemd's own figure for what a service could still do, in tenths; 0 is nothing, 100 is everything. */
const EXPOSURE_LIMIT_TENTHS = 15;

const setting = (text: string, name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];

describe('the units for systemd', () => {
  const service = readFileSync(`${UNITS}pennypost.service`, 'utf8');
  const sockets = readdirSync(UNITS).filter((name) => name.endsWith('.socket'));

  it('run the service as a user of its own, with the sockets that are there', () => {
    expect(setting(service, 'User')).to.equal('pennypost');
    expect(setting(service, 'CapabilityBoundingSet')).to.equal('');
    expect(setting(service, 'Sockets')?.split(' ')).to.have.members(sockets);
    expect(service).to.include('/dist/src/main.js serve');
  });

  for (const name of sockets)
    it(`name the descriptor of ${name} as its protocol is called`, () => {
      const text = readFileSync(UNITS + name, 'utf8');
      expect(name).to.equal(`pennypost-${setting(text, 'FileDescriptorName') ?? ''}.socket`);
      expect(setting(text, 'Service')).to.equal('pennypost.service');
    });

  (isInstalled('systemd-analyze') ? it : it.skip)('leave the service little to do harm with', async () => {
    const threshold = `--threshold=${EXPOSURE_LIMIT_TENTHS}`;
    await run('systemd-analyze', ['security', '--offline=yes', threshold, `${UNITS}pennypost.service`]);
  });
});

describe('the container', () => {
  const lines = readFileSync(`${ROOT}Containerfile`, 'utf8').split('\n');

  it('runs the program as a user without rights', () => {
    const last = (word: string) => lines.findLastIndex((line) => line.startsWith(`${word} `));
    expect(lines[last('USER')]).to.equal('USER node');
    expect(last('USER')).to.be.below(last('ENTRYPOINT')).and.above(last('RUN'));
  });
});
