/**
 * Random sequences of POP3 against the model: two sessions on the same maildrops, in any order, valid and invalid
 * commands, pipelined groups, drops in the middle. Every reply agrees, and so do the maildrops and their locks at the end.
 */
import { messagesOf } from '../support/maildrops.js';
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { pop3 } from '../../src/pop3/protocol.js';
import { Session } from '../../src/session/session.js';
import { MemoryChannel, turn } from '../support/dialogue-channel.js';
import { Stage } from '../support/dialogue-stage.js';
import { domainOf, inLanes, LANES, type Lane } from './lanes.js';
import { Office, Visit, type Expected, type Message } from './pop3.js';
import { authenticatorOf } from '../support/authenticator.js';

const RUNS = 10_000;
/** So many take half a minute of processor time, and others may need it too. */
const TIMEOUT_MS = 240_000;
/** Fewer errors than usual, so that the limit is reached; and refusals that do not wait. */
const LIMITS = { ...pop3.limits, errorLimit: 9, errorDelayMs: 0 };
const MANNERS = { ...LIMITS, closesOnForeign: true };
const PASSWORDS = new Map([
  ['anna', 'secret'],
  ['bert', 'two words'],
]);
const HEADER = 'Delivered-To: anna\r\nSubject: x\r\n';
const MESSAGES = [
  `${HEADER}\r\n`,
  `${HEADER}\r\n.\r\n..two\r\nthree\r\n\r\nfive\r\n`,
  HEADER,
  `${HEADER}\r\n${'long '.repeat(200)}\r\n${'x\r\n'.repeat(40)}`,
].map((text) => Buffer.from(text));

/** Lines that one of the two sessions says in one write, or the end of its connection. */
type Turn = { readonly who: 0 | 1 } & ({ readonly lines: readonly string[] } | { readonly drops: true });

const number = fc.constantFrom(
  '1',
  '1',
  '2',
  '2',
  '3',
  '3',
  '4',
  '4',
  '04',
  '0',
  '5',
  '4294967297',
  '-1',
  'x',
  '',
  '1 ',
  '12345678901',
);
const right = fc.constantFrom(
  ['user anna', 'pass secret'],
  ['user ANNA', 'PASS secret'],
  ['user bert', 'pass two words'],
);
const wrong = fc.constantFrom(
  ...[['user anna', 'pass Secret'], ['user anna', 'user bert', 'pass secret'], ['pass secret'], ['user', 'pass']],
  ...[
    ['user anna', 'pass', 'pass secret'],
    ['user bert', 'pass  two words'],
    ['user anna', 'noop', 'pass secret'],
  ],
);
const each = (verbs: readonly string[], argument: fc.Arbitrary<string>) =>
  fc.tuple(fc.constantFrom(...verbs), argument).map(([verb, text]) => [`${verb} ${text}`]);
const plain = fc.constantFrom(
  ...['stat', 'list', 'uidl', 'noop', 'STAT', 'List', 'uidL', 'stat  ', 'capa', 'utf8', 'help', 'help dele'],
);
const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    ' stat',
    'stat 1',
    'noop x',
    'list 1 2',
    'list  ',
    'rset 1',
    'capa x',
    'utf8 x',
    'help x',
    'quit now',
    'top 1',
  ],
  ...[
    'top 1 -1',
    'top 1 2 3',
    'retr',
    'retr  1',
    '\tretr\t 2\t',
    'top  1\t0 ',
    'dele',
    'dele 1 2',
    'apop anna x',
    'auth',
    'auth xyzzy',
    'auth plain AGFubmE=',
    'auth plain *',
    'auth plain = x',
    'xyzzy',
    'noop\0',
    'stat\r',
    'st\nat',
  ],
  ...['get / HTTP/1.1', 'helo x', `noop ${'x'.repeat(LIMITS.lineLimitBytes)}`, 'list\t1', 'user\tanna'],
);
const logIn = { weight: 8, arbitrary: right };
const move = fc.oneof(
  logIn,
  { weight: 2, arbitrary: wrong },
  { weight: 7, arbitrary: each(['dele', 'Dele', 'DELE'], number) },
  { weight: 7, arbitrary: each(['list', 'uidl', 'retr', 'RETR'], number) },
  {
    weight: 4,
    arbitrary: each(['top 1', 'top 2', 'TOP 3', 'top 4', 'top 9'], fc.constantFrom('0', '1', '3', '100', '')),
  },
  { weight: 6, arbitrary: plain.map((line) => [line]) },
  { weight: 2, arbitrary: fc.constantFrom('rset', 'RSET').map((line) => [line]) },
  { weight: 3, arbitrary: fc.constantFrom('quit', 'QUIT', 'quit ').map((line) => [line]) },
  { weight: 3, arbitrary: odd.map((line) => [line]) },
);
const moves = fc.array(move, { minLength: 1, maxLength: 5 }).map((several) => several.flat());
const who = fc.constantFrom<(0 | 1)[]>(0, 0, 1);
const saying: fc.Arbitrary<Turn> = fc.record({ who, lines: moves });
const dropping: fc.Arbitrary<Turn> = fc.record({ who, drops: fc.constant(true as const) });
const sequence: fc.Arbitrary<readonly Turn[]> = fc
  .tuple(
    fc.oneof(logIn, { weight: 1, arbitrary: moves }),
    fc.array(fc.oneof({ weight: 9, arbitrary: saying }, { weight: 1, arbitrary: dropping }), { maxLength: 8 }),
  )
  .map(([lines, turns]) => [{ who: 0 as const, lines }, ...turns]);

describe('POP3, held against a model of RFC 1939', function () {
  this.timeout(TIMEOUT_MS);
  let stage: Stage;
  const met = new Map<string, number>();

  before(async () => {
    const lanes = Array.from({ length: LANES }, (_, at) => domainOf(at));
    stage = await Stage.set(
      lanes.flatMap((domain) => [
        { kind: 'domain', name: domain } as const,
        { kind: 'account', name: `anna@${domain}`, password: 'secret', messages: MESSAGES } as const,
        { kind: 'account', name: `bert@${domain}`, password: 'two words', messages: [] } as const,
      ]),
    );
  });
  after(() => stage.close());
  afterEach(() => MemoryChannel.dropAll());

  it('answers and removes what the model says', async () => {
    let removed = 0;
    await inLanes(stage, RUNS, sequence, async (lane, turns) => {
      const before = await provide(lane);
      const office = new Office(MANNERS, PASSWORDS, new Map([['anna', before]]));
      await converse(lane, office, turns);
      const left = office.maildrops.get('anna') ?? [];
      const maildrop = await lane.open('anna');
      expect((await messagesOf(maildrop)).map(({ uidl }) => uidl)).to.deep.equal(left.map(({ uidl }) => uidl));
      await maildrop.release();
      removed += before.length - left.length;
    });
    console.log(`      ${removed} messages removed; replies ${JSON.stringify(Object.fromEntries(met))}`);
    // A generator that never gets anywhere proves nothing.
    expect([...met.keys()]).to.include.members(['+OK', '-ERR', '-ERR [AUTH]', '-ERR [IN-USE]']);
    expect(removed).to.be.above(0);
  });

  /** The same four messages for every sequence; cheap when the last one removed nothing. */
  async function provide(lane: Lane): Promise<readonly Message[]> {
    if (lane.uids('anna').length !== MESSAGES.length) {
      await lane.empty('anna');
      await lane.fill('anna', MESSAGES);
    }
    const maildrop = await lane.open('anna');
    await maildrop.release();
    return (await messagesOf(maildrop)).map(({ uidl }, at) => ({ uidl, text: MESSAGES[at]?.toString('latin1') ?? '' }));
  }

  async function converse(lane: Lane, office: Office, turns: readonly Turn[]): Promise<void> {
    const bugs: unknown[] = [];
    const clients: (Client | undefined)[] = [undefined, undefined];
    try {
      for (const said of turns) {
        const client = (clients[said.who] ??= await Client.greeted(lane, office, bugs));
        if ('lines' in said) await client.say(said.lines, met);
        else client.drop();
        if (client.visit.closed) clients[said.who] = undefined;
      }
    } finally {
      // Also after a difference, so that a shorter sequence can be tried.
      for (const client of clients) client?.drop();
    }
    await turn();
    expect(bugs, 'bugs').to.deep.equal([]);
  }
});

/** A session and what the model says of it. */
class Client {
  readonly visit: Visit;
  readonly #channel = new MemoryChannel();

  static async greeted(lane: Lane, office: Office, bugs: unknown[]): Promise<Client> {
    const client = new Client(lane, office, bugs);
    expect(await client.#channel.line()).to.match(/^\+OK /);
    return client;
  }

  private constructor(lane: Lane, office: Office, bugs: unknown[]) {
    this.visit = new Visit(office);
    const context = {
      peer: this.#channel.peer,
      ...{ session: 's', protocol: 'model' },
      offersTls: false,
      counters: { retrieved: 0, octets: 0, removed: 0 },
      settings: { hostname: 'mx.example.org', loginDelay: 0 },
      store: lane.store,
      authenticator: authenticatorOf(lane.store),
      table: pop3.commands,
    };
    const observer = { bug: (error: unknown) => bugs.push(error), ended: () => undefined };
    new Session({ ...pop3, limits: LIMITS }, this.#channel, context, observer).start();
  }

  /** Says the lines in one write, and takes the replies that they should have. */
  async say(lines: readonly string[], met: Map<string, number>): Promise<void> {
    this.#channel.send(Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1'));
    for (const line of lines) {
      if (this.visit.closed) break;
      for (const expected of this.visit.say(line)) await this.#hear(expected, line, met);
    }
    expect(this.#channel.said, 'nothing more is said').to.equal('');
    expect(this.#channel.over, 'closed').to.equal(this.visit.closed);
    if (this.visit.closed) await turn();
  }

  drop(): void {
    this.visit.drop();
    this.#channel.drop();
  }

  async #hear({ ok, says = '', lines, some }: Expected, line: string, met: Map<string, number>): Promise<void> {
    const status = (await this.#channel.line()) ?? '(closed)';
    const wanted = `${ok ? '+OK' : '-ERR'} ${says}`;
    expect(status.slice(0, wanted.length), `${line} → ${status}`).to.equal(wanted);
    const kind = /^(\+OK|-ERR( \[[A-Z/-]+\])?)/.exec(status)?.[0] ?? status;
    met.set(kind, (met.get(kind) ?? 0) + 1);
    if (lines === undefined) return;
    const heard = await this.#multiline();
    if (some) expect(heard, line).to.include.members(lines);
    else expect(heard, line).to.deep.equal(lines);
  }

  async #multiline(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.#channel.line();
      if (line === undefined || line === '.') return lines;
      lines.push(line.startsWith('.') ? line.slice(1) : line);
    }
  }
}
