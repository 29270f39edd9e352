/** AUTH: which mechanism is taken, what it says, and what a refusal is taken for: mail waits, whatever the server calls it. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { connect } from 'node:net';
import { expect } from 'chai';
import { Dialogue } from '../../../src/outbound/client/dialogue.js';
import { Extensions } from '../../../src/outbound/client/extensions.js';
import { DEADLINES } from '../../../src/outbound/client/limits.js';
import { logIn } from '../../../src/outbound/client/login.js';
import type { Credentials, NextHop } from '../../../src/outbound/client/next-hop.js';
import { replyOf } from '../../../src/outbound/client/reply.js';
import { certificateOf } from '../../support/certificates.js';
import { ScriptedServer, type Script, type ScriptedSession } from '../../support/scripted-server.js';
import { clientOf, connected, hopTo, notConnected } from './sending.js';

const password: Credentials = { kind: 'password', user: 'office@example.org', password: 'grünes Haus' };
const token: Credentials = { kind: 'token', user: 'office@example.org', accessToken: 'ya29.token' };

const base64 = (text: string) => Buffer.from(text).toString('base64');
const decoded = (line: string) => Buffer.from(line.split(' ').at(-1) ?? '', 'base64').toString();

interface Tried {
  readonly lines: readonly string[];
  readonly failure?: string;
  readonly text?: string;
}

/** `answers`: to AUTH and what follows it. */
async function tried(
  mechanisms: string,
  credentials: Credentials,
  answers: (line: string, session: ScriptedSession) => string | undefined,
  { hop = {}, ...script }: Script & { readonly hop?: Partial<NextHop> } = {},
): Promise<Tried> {
  let isAsked = false;
  const server = await ScriptedServer.start({
    ...script,
    extensions: [...(script.extensions ?? []), mechanisms],
    answer(line, session) {
      isAsked ||= line.startsWith('AUTH');
      return isAsked && line !== 'QUIT' ? answers(line, session) : undefined;
    },
  });
  try {
    const made = await clientOf().connect(hopTo(server.port, { ...hop, credentials }));
    if (made.kind === 'connected') await made.quit();
    const lines = server.lines.filter((line) => !/^(EHLO|QUIT|STARTTLS)/.test(line));
    if (made.kind === 'connected') return { lines };
    return {
      lines,
      failure: `${made.kind} ${made.concerns} ${made.command} ${made.code ?? 0} ${made.status}`,
      text: made.text,
    };
  } finally {
    await server.stop();
  }
}

/** The server's side of RFC 5802, for one login. */
class ScramServer {
  readonly #salt = Buffer.from('salt and pepper');
  readonly #password: string;
  readonly #iterations: number;
  #first = '';
  #serverFirst = '';
  #header = '';

  constructor(secret: string, iterations = 4096) {
    this.#password = secret;
    this.#iterations = iterations;
  }

  challenge(line: string): string {
    const [, header = '', bare = ''] = /^((?:n|p=[a-z-]+),,)(.*)$/.exec(decoded(line)) ?? [];
    this.#header = header;
    this.#first = bare;
    const nonce = /r=(.*)$/.exec(bare)?.[1] ?? '';
    this.#serverFirst = `r=${nonce}more,s=${this.#salt.toString('base64')},i=${this.#iterations}`;
    return `334 ${base64(this.#serverFirst)}`;
  }

  /** `v=` of the server's own proof; undefined when the client's is wrong. */
  final(line: string, binding: Buffer = Buffer.alloc(0)): string | undefined {
    const final = decoded(line);
    const [, withoutProof = '', proof = ''] = /^(.*),p=(.*)$/.exec(final) ?? [];
    const expected = Buffer.concat([Buffer.from(this.#header), binding]).toString('base64');
    if (!withoutProof.startsWith(`c=${expected},`)) return undefined;
    const salted = pbkdf2Sync(this.#password, this.#salt, this.#iterations, 32, 'sha256');
    const signed = `${this.#first},${this.#serverFirst},${withoutProof}`;
    const mac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
    const clientKey = mac(salted, 'Client Key');
    const signature = mac(createHash('sha256').update(clientKey).digest(), signed);
    const wanted = Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] as number)));
    if (!wanted.equals(Buffer.from(proof, 'base64'))) return undefined;
    return `v=${mac(mac(salted, 'Server Key'), signed).toString('base64')}`;
  }
}

describe('the login at a next hop', () => {
  it('is PLAIN with what it sends at once (RFC 4954 §4)', async () => {
    const { lines, failure } = await tried('AUTH LOGIN PLAIN', password, () => '235 2.7.0 welcome');
    expect(failure).to.equal(undefined);
    expect(lines).to.deep.equal([`AUTH PLAIN ${base64('\0office@example.org\0grünes Haus')}`]);
  });

  it('is LOGIN where there is nothing else, also announced as AUTH=LOGIN', async () => {
    const { lines } = await tried('AUTH=LOGIN', password, (line) => {
      if (line === 'AUTH LOGIN') return `334 ${base64('Username:')}`;
      return decoded(line) === 'office@example.org' ? '334 whatever' : '235 fine';
    });
    expect(lines).to.deep.equal(['AUTH LOGIN', base64('office@example.org'), base64('grünes Haus')]);
  });

  it('is SCRAM-SHA-256 before any that sends the password, and the server proves itself', async () => {
    const scram = new ScramServer('grünes Haus');
    const { lines, failure } = await tried('AUTH PLAIN LOGIN SCRAM-SHA-256', password, (line) => {
      if (line.startsWith('AUTH')) return scram.challenge(line);
      if (line === '') return '235 2.7.0 welcome';
      const proof = scram.final(line);
      return proof === undefined ? '535 5.7.8 wrong' : `334 ${base64(proof)}`;
    });
    expect(failure).to.equal(undefined);
    expect(lines[0]).to.match(/^AUTH SCRAM-SHA-256 /);
    expect(lines.join(' ')).to.not.include(base64('grünes Haus'));
  });

  it('is SCRAM-SHA-256-PLUS under TLS 1.3, tied to that connection (RFC 9266)', async () => {
    const scram = new ScramServer('grünes Haus');
    const identity = await certificateOf(['relay.example']);
    const { lines, failure } = await tried(
      'AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS PLAIN',
      password,
      (line, { tls }) => {
        if (line.startsWith('AUTH')) return scram.challenge(line);
        if (line === '') return '235 2.7.0 welcome';
        const binding = tls?.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
        const proof = scram.final(line, binding);
        return proof === undefined ? '535 5.7.8 wrong' : `334 ${base64(proof)}`;
      },
      { identity, extensions: ['STARTTLS'] },
    );
    expect(failure).to.equal(undefined);
    expect(decoded(lines[0] ?? '')).to.match(/^p=tls-exporter,,n=office@example.org,r=/);
  });

  it('is given up when the server does not know the password, or wants too much or too little work', async () => {
    const forged = new ScramServer('grünes Haus');
    const { lines, failure, text } = await tried('AUTH SCRAM-SHA-256', password, (line) => {
      if (line.startsWith('AUTH')) return forged.challenge(line);
      return line === '*' ? '501 5.7.0 given up' : `334 ${base64(`v=${base64('somebody else')}`)}`;
    });
    expect(lines.at(-1)).to.equal('*');
    expect(failure).to.equal('deferred login AUTH 501 5.7.0');
    expect(text).to.include('does not know the password');
    const mute = new ScramServer('grünes Haus');
    const unproved = await tried('AUTH SCRAM-SHA-256', password, (line) =>
      line.startsWith('AUTH') ? mute.challenge(line) : '235 2.7.0 welcome',
    );
    expect(unproved.failure).to.equal('deferred login AUTH 0 4.7.8');
    for (const iterations of [1, 100_000_000]) {
      const greedy = new ScramServer('x', iterations);
      const stopped = await tried('AUTH SCRAM-SHA-256', password, (line) =>
        line.startsWith('AUTH') ? greedy.challenge(line) : '501 5.7.0 given up',
      );
      expect(stopped.text).to.include(`${iterations} iterations`);
    }
  });

  it('is by token with OAUTHBEARER, else with XOAUTH2', async () => {
    const bearer = await tried('AUTH XOAUTH2 OAUTHBEARER PLAIN', token, () => '235 welcome');
    expect(
      decoded(bearer.lines[0] ?? '')
        .replaceAll('\x01', '|')
        .replace(/\d{4,5}/, 'N'),
    ).to.equal('n,a=office@example.org,|host=127.0.0.1|port=N|auth=Bearer ya29.token||');
    const other = await tried('AUTH LOGIN XOAUTH2', token, () => '235 welcome');
    expect(decoded(other.lines[0] ?? '')).to.equal('user=office@example.org\x01auth=Bearer ya29.token\x01\x01');
  });

  it('sends a token that is too long for the line of AUTH behind an empty challenge (RFC 4954 §4)', async () => {
    const long = { ...token, accessToken: 'a'.repeat(2_000) };
    for (const mechanism of ['XOAUTH2', 'OAUTHBEARER']) {
      const { lines, failure } = await tried(`AUTH ${mechanism}`, long, (line) =>
        line === `AUTH ${mechanism}` ? '334 ' : '235 welcome',
      );
      expect(failure).to.equal(undefined);
      expect(lines).to.have.length(2);
      expect(decoded(lines[1] ?? '')).to.include(`auth=Bearer ${long.accessToken}\x01\x01`);
    }
    const { lines } = await tried('AUTH XOAUTH2', long, (line) =>
      line.length > 50 ? `334 ${base64('{"status":"400"}')}` : line === '' ? '535 no' : '334 ',
    );
    expect(lines.at(-1)).to.equal('');
  });

  it('tells what is wrong with a token, in the words of the server', async () => {
    const why = '{"status":"401","schemes":"bearer"}';
    for (const [mechanism, answer] of [
      ['XOAUTH2', ''],
      ['OAUTHBEARER', base64('\x01')],
    ] as const) {
      const { lines, failure, text } = await tried(`AUTH ${mechanism}`, token, (line) =>
        line.startsWith('AUTH') ? `334 ${base64(why)}` : '535 5.7.8 bad token',
      );
      expect(lines.at(-1)).to.equal(answer);
      expect(failure).to.equal('deferred login AUTH 535 5.7.8');
      expect(text).to.equal(`bad token (${why})`);
    }
  });

  it('waits for whoever mends it, whatever the reply', async () => {
    for (const [reply, told] of [
      ['535 5.7.8 wrong', 'deferred login AUTH 535 5.7.8'],
      ['550 5.7.30 Basic authentication is not supported', 'deferred login AUTH 550 5.7.30'],
      ['454 4.7.0 later', 'deferred login AUTH 454 4.7.0'],
      ['421 4.7.0 too many', 'deferred connection AUTH 421 4.7.0'],
      ['250 fine', 'deferred connection AUTH 250 4.5.0'],
    ] as const)
      expect((await tried('AUTH PLAIN LOGIN', password, () => reply)).failure, reply).to.equal(told);
  });

  it('goes on to the next mechanism where the server takes one back', async () => {
    const { lines, failure } = await tried('AUTH PLAIN LOGIN', password, (line) => {
      if (line.startsWith('AUTH PLAIN')) return '504 5.5.4 not known';
      return line.startsWith('AUTH') || decoded(line).includes('@') ? '334 next' : '235 fine';
    });
    expect(failure).to.equal(undefined);
    expect(lines[1]).to.equal('AUTH LOGIN');
  });

  it('says what is missing where nothing can be used', async () => {
    const none = await tried('SIZE', password, () => undefined);
    expect(none.failure).to.equal('deferred login AUTH 0 4.7.8');
    expect(none.text).to.include('offers no login');
    const others = await tried('AUTH GSSAPI NT\x1bLM', password, () => undefined);
    expect(others.text).to.match(/offers GSSAPI, NTLM, and a password can be used with SCRAM-SHA-256-PLUS, /);
  });

  it('asks no server without an end', async () => {
    const { lines } = await tried('AUTH LOGIN', password, (line) => (line === '*' ? '501 no' : '334 more'));
    expect(lines).to.have.length.below(8);
  });

  it('is not in clear to another machine, unless the next hop has no TLS by its own words', async () => {
    const server = await ScriptedServer.start({
      answer: (line) => (line.startsWith('AUTH') ? '235 welcome' : undefined),
    });
    const attempt = async (tls: NextHop['tls'], verified: boolean) => {
      const socket = connect(server.port, '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      const dialogue = new Dialogue(socket);
      await dialogue.expect(5_000);
      const session = {
        ...{ dialogue, verified, deadlines: DEADLINES, nextHop: hopTo(server.port, { tls }) },
        extensions: new Extensions(replyOf(250, ['relay', 'AUTH PLAIN'])),
        remote: { host: 'relay.example', address: '192.0.2.1' },
      };
      const failure = await logIn(session, password);
      await dialogue.end('QUIT');
      return failure?.status;
    };
    expect(await attempt('opportunistic', false)).to.equal('4.7.11');
    expect(server.lines.filter((line) => line.startsWith('AUTH'))).to.deep.equal([]);
    expect(await attempt('opportunistic', true)).to.equal(undefined);
    expect(await attempt('none', false)).to.equal(undefined);
    await server.stop();
  });

  it('comes once a connection', async () => {
    const server = await ScriptedServer.start({
      extensions: ['AUTH PLAIN'],
      answer: (line) => (line.startsWith('AUTH') ? '235 welcome' : undefined),
    });
    const connection = await connected(clientOf().connect(hopTo(server.port, { credentials: password })));
    await connection.quit();
    expect(await notConnected(clientOf().connect(hopTo(1, { credentials: password })))).to.include({
      command: 'connect',
    });
    await server.stop();
  });
});
