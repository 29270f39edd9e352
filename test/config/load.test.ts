import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfiguration, readPassword, type Sources } from '../../src/config/load.js';
import { optionNames, options } from '../../src/config/options.js';
import { ConfigurationError, flagSetting } from '../../src/config/setting.js';

describe('the configuration', () => {
  let directory = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-config-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function load(sources: Partial<Sources> & { readonly toml?: string } = {}) {
    if (sources.toml !== undefined) writeFileSync(join(directory, 'pennypost.toml'), sources.toml);
    return loadConfiguration({ flags: [], environment: {}, directory, ...sources });
  }

  function failure(sources: Parameters<typeof load>[0]): ConfigurationError {
    try {
      load(sources);
    } catch (error) {
      if (error instanceof ConfigurationError) return error;
      throw error;
    }
    throw new Error('the configuration was taken');
  }

  function mistakes(sources: Parameters<typeof load>[0]): readonly string[] {
    return failure(sources).mistakes.map(({ sentence }) => sentence);
  }

  it('is that of the table when nothing is said', () => {
    const { configuration, settings } = load();
    for (const name of optionNames) {
      expect(configuration[name]).to.deep.equal(options[name].parse(options[name].initial));
      expect(settings[name].source).to.equal('default');
    }
  });

  it('comes from flags, then variables, then the file, then defaults', () => {
    const toml = 'workers = 1\nsmtp-port = 11\npop3-port = 12\n';
    const environment = { PENNYPOST_WORKERS: '2', PENNYPOST_SMTP_PORT: '21' };
    const { configuration, settings } = load({ toml, environment, flags: [flagSetting('workers', '3')] });
    expect(configuration).to.include({ workers: 3, smtpPort: 21, pop3Port: 12, domain: 'localhost' });
    const { workers, smtpPort, pop3Port, domain } = settings;
    expect([workers, smtpPort, pop3Port, domain].map(({ source }) => source)).to.deep.equal([
      'flag --workers',
      'PENNYPOST_SMTP_PORT',
      'pennypost.toml',
      'default',
    ]);
  });

  it('takes numbers, booleans, texts and lists from TOML', () => {
    const toml = 'host = ["::1", "127.0.0.1"]\nworkers = 4\nverbose = true\nmax-message-size = "2KiB"\n';
    expect(load({ toml }).configuration).to.deep.include({
      host: ['::1', '127.0.0.1'],
      workers: 4,
      verbose: true,
      maxMessageSize: 2048,
    });
    expect(load({ toml: 'host = "::1, 127.0.0.1, ::1"' }).configuration.host).to.deep.equal(['::1', '127.0.0.1']);
  });

  it('names every mistake at once', () => {
    const toml = 'workerz = 3\nlog-level = "loud"\ndb = ["a"]\n[smtp]\nport = 1\n';
    const environment = { PENNYPOST_POP_PORT: '1', PENNYPOST_MAX_MESSAGE_SIZE: 'big', HOME: '/' };
    expect(mistakes({ toml, environment, flags: [flagSetting('domain', '-')] })).to.have.members([
      "--domain takes a domain name such as example.org, not '-'",
      "PENNYPOST_MAX_MESSAGE_SIZE takes a size such as 50MiB, 10MB or 4096, not 'big'",
      "log-level in pennypost.toml takes one of fatal, error, warn, info, debug, trace, silent, not 'loud'",
      "PENNYPOST_POP_PORT is the variable of no option; did you mean 'PENNYPOST_POP3_PORT'?",
      "pennypost.toml has no option 'workerz'; did you mean 'workers'?",
      'db in pennypost.toml takes a text, a number, true or false',
      "pennypost.toml has no option 'smtp'",
    ]);
  });

  it('knows what Kubernetes and container links put beside a service of our name, and still names a typing mistake', () => {
    const environment = {
      PENNYPOST_SERVICE_HOST: '10.0.0.1',
      PENNYPOST_SERVICE_PORT: '25',
      PENNYPOST_SERVICE_PORT_SMTP: '25',
      PENNYPOST_PORT: 'tcp://10.0.0.1:25',
      PENNYPOST_PORT_25_TCP: 'tcp://10.0.0.1:25',
      PENNYPOST_PORT_25_TCP_ADDR: '10.0.0.1',
      PENNYPOST_PORT_25_TCP_PORT: '25',
      PENNYPOST_PORT_25_TCP_PROTO: 'tcp',
      PENNYPOST_SMTP_SERVICE_HOST: '10.0.0.2',
      PENNYPOST_SMTP_PORT: 'tcp://10.0.0.2:25',
      PENNYPOST_POP3_PORT: 'tcp://[fd00::1]:110',
      PENNYPOST_MAIL_EXAMPLE_SERVICE_PORT: '25',
      PENNYPOST_NAME: '/web/pennypost',
    };
    const { configuration, settings } = load({ environment });
    expect(configuration).to.include({ smtpPort: 2525, pop3Port: 1100 });
    expect(settings.smtpPort.source).to.equal('default');
    expect(load({ environment: { ...environment, PENNYPOST_SMTP_PORT: '26' } }).configuration.smtpPort).to.equal(26);
    for (const typo of ['PENNYPOST_PORT', 'PENNYPOST_SERVICE_PORT', 'PENNYPOST_SMTP_PROT', 'PENNYPOST_NAME'])
      expect(mistakes({ environment: { [typo]: 'x' } }), typo).to.have.length(1);
    expect(mistakes({ environment: { PENNYPOST_SMTP_PORT: 'tcp:' } })).to.have.length(1);
  });

  it('names a size and a time that are more than the server can keep', () => {
    expect(mistakes({ flags: [flagSetting('maxMessageSize', '4GiB')] })).to.deep.equal([
      "--max-message-size takes a size of at most 2GB, not '4GiB'",
    ]);
    expect(load({ flags: [flagSetting('maxMessageSize', '2GB')] }).configuration.maxMessageSize).to.equal(2e9);
    expect(mistakes({ flags: [flagSetting('drainTimeout', '577h')] })).to.deep.equal([
      "--drain-timeout takes a duration of at most 24d, not '577h'",
    ]);
  });

  it('reads relays in order of preference, and names what is missing or wrong of mail to other domains', () => {
    const relay = 'smtps://alice@one.example.org, smtp://[::1]:2525,lmtp:/run/lmtp.sock';
    const { configuration } = load({ toml: `outbound = 'relay'\nrelay = '${relay}'` });
    expect(configuration.relay.map(({ nextHop }) => nextHop.tls)).to.deep.equal(['implicit', 'opportunistic', 'none']);
    expect(configuration.relay[0]?.user).to.equal('alice');
    expect(mistakes({ toml: '', flags: [flagSetting('outbound', 'relay')] })).to.deep.equal([
      'outbound is relay, and no relay is named; give relay, such as smtp://user@relay.example.org:587',
    ]);
    expect(mistakes({ toml: "relay = 'smtp://alice:secret@relay.example.org'" })).to.have.length(1);
    expect(mistakes({ toml: "minimal-backoff = '5h'" })).to.deep.equal([
      'minimal-backoff is longer than maximal-backoff; give one another time',
    ]);
  });

  it('takes passwords of other servers from variables that no option has', () => {
    expect(load({ environment: { PENNYPOST_RELAY_PASSWORD: 'secret' } }).settings.relay.source).to.equal('default');
    expect(mistakes({ environment: { PENNYPOST_RELAY_PASWORD: 'secret' } })).to.have.length(1);
    expect(readPassword('relay', { PENNYPOST_RELAY_PASSWORD: 'secret' })).to.equal('secret');
    expect(load({ environment: { PENNYPOST_FETCH_PASSWORD: 'secret' } }).settings.relay.source).to.equal('default');
    expect(readPassword('fetch', { PENNYPOST_FETCH_PASSWORD: 'secret' })).to.equal('secret');
  });

  it('also names a mistake that a flag overrides', () => {
    expect(mistakes({ toml: 'workers = 0', flags: [flagSetting('workers', '2')] })).to.have.length(1);
  });

  it('knows whose mistake it is', () => {
    expect(failure({ flags: [flagSetting('workers', '0')] }).fault).to.equal('usage');
    expect(failure({ toml: 'workers = 0' }).fault).to.equal('configuration');
    expect(failure({ toml: 'workers = 0', flags: [flagSetting('workers', '0')] }).fault).to.equal('configuration');
    expect(failure({ toml: 'smtp-port = 110', flags: [flagSetting('pop3Port', '110')] }).fault).to.equal('usage');
  });

  it('names the line where TOML ends to be TOML', () => {
    const [sentence, ...others] = mistakes({ toml: 'workers = 2\n\nsmtp-port = \n' });
    expect(sentence).to.match(/^pennypost\.toml, line 3: \S/);
    expect(others).to.deep.equal([]);
  });

  it('reads the file that is asked for instead of pennypost.toml', () => {
    writeFileSync(join(directory, 'other.toml'), 'workers = 7');
    const toml = 'workers = 8';
    const { configuration, settings } = load({ toml, file: 'other.toml' });
    expect([configuration.workers, settings.workers.source]).to.deep.equal([7, 'other.toml']);
    expect(load({ toml, environment: { PENNYPOST_CONFIG: 'other.toml' } }).configuration.workers).to.equal(7);
    expect(mistakes({ file: 'none.toml' })).to.deep.equal(['none.toml: there is no such file']);
    expect(failure({ environment: { PENNYPOST_CONFIG: 'none.toml' } }).fault).to.equal('configuration');
  });

  it('refuses one port for two protocols, and no port at all', () => {
    const ports = (smtp: string, pop3: string) => ({
      flags: [flagSetting('smtpPort', smtp), flagSetting('pop3Port', pop3)],
    });
    expect(mistakes(ports('25', '25'))).to.match(/both 25/);
    expect(mistakes(ports('0', '0'))).to.match(/nothing would listen/);
    expect(mistakes(ports('1100', 'x'))).to.have.length(1);
    expect(load(ports('0', '110')).configuration).to.include({ smtpPort: 0, pop3Port: 110 });
  });
});
