/**
 * RST and half-close at every byte of every dialogue: what a client says in one of them, up to some byte, then nothing.
 * Nobody is surprised, the maildrop is free afterwards, a message is stored only after its end of data, and one is
 * removed only after a whole QUIT.
 */
import { Buffer } from 'node:buffer';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { pop3 } from '../../src/pop3/protocol.js';
import type { State } from '../../src/session/command.js';
import type { Protocol, SessionContext } from '../../src/session/protocol.js';
import { Session } from '../../src/session/session.js';
import { mx, submission } from '../../src/smtp/protocol.js';
import { stages } from '../../src/smtp/stages.js';
import { StoreError } from '../../src/store/errors.js';
import { cutPositions } from '../support/dialogue-run.js';
import { MemoryChannel, memorySecurity, peerAt, turn } from '../support/dialogue-channel.js';
import { addressOf, DOMAIN, Stage } from '../support/dialogue-stage.js';
import { readDialogue, type Dialogue, type Given } from '../support/dialogue.js';
import { authenticatorOf } from '../support/authenticator.js';

/** Compiled tests run from dist/test/model; the dialogues stay where they are written. */
const FOLDER = new URL('../../../test/dialogue/', import.meta.url);
const LARGEST = 50 * 1024 * 1024;
const LOCK_RETRIES = 500;
const LOCK_RETRY_MS = 2;

/** How the client goes: its connection is reset at once, or when all was answered, or it sends no more and reads on. */
const WAYS = ['reset', 'reset later', 'half-close'] as const;
type Way = (typeof WAYS)[number];

interface Broken {
  readonly said: string;
  readonly bugs: readonly unknown[];
}

let times = 0;

for (const protocol of ['smtp', 'pop3'] as const) {
  const folder = fileURLToPath(new URL(`${protocol}/`, FOLDER));
  describe(`${protocol} dialogue, broken off at every byte`, () => {
    after(() => console.log(`      ${times} times so far`));
    afterEach(() => MemoryChannel.dropAll());
    for (const file of readdirSync(folder)) {
      const dialogue = readDialogue(`${folder}${file}`);
      it(dialogue.name, async () => {
        const stage = await Stage.set(dialogue.givens);
        try {
          for (const { stream, positions } of streams(dialogue))
            for (const at of positions)
              for (const way of WAYS) await breakOff(dialogue, stage, stream.subarray(0, at), way);
        } finally {
          await stage.close();
        }
      });
    }
  });
}

/** What each session's client says in all, and where it is to break off. */
function streams({ steps, ...dialogue }: Dialogue) {
  const sessions = new Set(steps.filter(({ kind }) => kind === 'send').map(({ session }) => session));
  return [...sessions].map((session) => {
    const positions = [0];
    const pieces: Buffer[] = [];
    let length = 0;
    for (const step of steps) {
      if (step.kind !== 'send' || step.session !== session) continue;
      for (const at of cutPositions({ ...dialogue, steps: [step] })) positions.push(length + at);
      pieces.push(step.bytes);
      positions.push((length += step.bytes.length));
    }
    return { stream: Buffer.concat(pieces), positions };
  });
}

async function breakOff(dialogue: Dialogue, stage: Stage, prefix: Buffer, way: Way): Promise<void> {
  const what = `${way} behind ${JSON.stringify(prefix.toString('latin1').slice(-80))}`;
  const names = dialogue.givens.flatMap((given) => (given.kind === 'account' ? [given.name] : []));
  const before = new Map(names.map((name) => [name, uidls(stage, name)]));
  const { said, bugs } = await converse(dialogue, stage, prefix, way);
  expect(bugs, `${what}: bugs`).to.deep.equal([]);
  times += 1;
  let changed = false;
  const canOpen = !dialogue.givens.some((each) => each.kind === 'store failure' && /^(login|open)$/.test(each.at));
  for (const name of names) {
    if (canOpen) await isFree(stage, name, what);
    const was = before.get(name) ?? [];
    const is = uidls(stage, name);
    const stored = is.filter((uidl) => !was.includes(uidl));
    const removed = was.filter((uidl) => !is.includes(uidl));
    if (stored.length > 0) expect(mayStore(prefix, said, way), `${what}: stored ${stored.length}`).to.equal(true);
    if (removed.length > 0) expect(mayRemove(prefix, said, way), `${what}: removed ${removed.length}`).to.equal(true);
    changed ||= stored.length + removed.length > 0;
  }
  // After a reset the answer may have come too late to be heard; what was heard is true all the same.
  if (way === 'half-close' || tells(said)) expect(changed, `${what}: what was said is true`).to.equal(tells(said));
  if (changed) await stage.reset();
}

/** A 250 that was said, or (when nobody could hear it) an end of data that was sent. */
function mayStore(prefix: Buffer, said: string, way: Way): boolean {
  return way === 'half-close' ? tells(said) : /(^|\r\n)\.\r\n|BDAT \d+ +LAST/i.test(prefix.toString('latin1'));
}

function mayRemove(prefix: Buffer, said: string, way: Way): boolean {
  return way === 'half-close' ? tells(said) : /(^|\r\n)QUIT *\r\n/i.test(prefix.toString('latin1'));
}

function tells(said: string): boolean {
  return /^250 2\.0\.0 Accepted as|^\+OK Bye; \d+ messages? removed/m.test(said);
}

async function converse(dialogue: Dialogue, stage: Stage, prefix: Buffer, way: Way): Promise<Broken> {
  const peer = peerAt(given(dialogue, 'peer')?.address ?? '127.0.0.1', given(dialogue, 'local address')?.address);
  const secured = given(dialogue, 'under TLS') !== undefined;
  const channel = new MemoryChannel(secured ? { ...peer, security: memorySecurity } : peer);
  const smtp = given(dialogue, 'submission') === undefined ? mx : submission;
  const bugs: unknown[] = [];
  let messages = 0;
  const context = {
    peer: channel.peer,
    offersTls: true,
    ...{ session: 's', protocol: 'model' },
    counters: { accepted: 0, refused: 0, octets: 0, retrieved: 0, removed: 0 },
    settings: {
      hostname: `mx.${DOMAIN}`,
      domain: DOMAIN,
      maxMessageSize: given(dialogue, 'largest message')?.octets ?? LARGEST,
      bareNewlines: 'refuse' as const,
      loginDelay: 0,
      outbound: 'off' as const,
      queueLifetime: 0,
      maxRecipientsPerHour: undefined,
      maxRecipientsPerDay: undefined,
      delayWarning: 0,
    },
    store: stage.store,
    autoreplies: stage.store.autoreplies,
    suppressions: stage.store.queuedMail,
    routes: stage.store.routes,
    authenticator: authenticatorOf(stage.store),
    observer: {
      overLimit: () => undefined,
      suppressed: () => undefined,
      untold: () => undefined,
      unanswered: () => undefined,
    },
    table: (dialogue.protocol === 'smtp' ? smtp.commands : pop3.commands) as never,
    stages,
    nextId: () => `s-${++messages}`,
  };
  const ended =
    dialogue.protocol === 'smtp' ? begin(smtp, channel, context, bugs) : begin(pop3, channel, context, bugs);
  if (prefix.length > 0) channel.send(prefix);
  if (way === 'reset later') await settled(channel);
  if (way === 'half-close') channel.halfClose();
  else channel.drop(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  await ended;
  await turn();
  return { said: channel.said, bugs };
}

/** Resolves when the session has given back what it held, which is after the last answer of the store. */
function begin<S extends State, C extends SessionContext, Need extends string>(
  protocol: Protocol<S, C, Need>,
  channel: MemoryChannel,
  context: C,
  bugs: unknown[],
): Promise<void> {
  const limits = { ...protocol.limits, errorDelayMs: 0 };
  return new Promise((resolve) => {
    const observer = { bug: (error: unknown) => bugs.push(error), ended: () => undefined };
    const abandon = (state: S): void => {
      protocol.abandon(state);
      resolve();
    };
    new Session({ ...protocol, limits, abandon }, channel, context, observer).start();
  });
}

/** A few turns: long enough for what needs no disk, so that some resets come before a commit and some behind it. */
async function settled(channel: MemoryChannel): Promise<void> {
  for (let quiet = 0, writes = channel.writes; quiet < 4; quiet++) {
    await turn();
    if (channel.writes === writes) continue;
    writes = channel.writes;
    quiet = 0;
  }
}

/** What a session that has just gone holds is on its way back. */
async function isFree(stage: Stage, name: string, what: string): Promise<void> {
  const { local, domain } = addressOf(name);
  const account = await stage.store.findLogin(`${local}@${domain}`);
  for (let left = LOCK_RETRIES; ; left--) {
    try {
      return await (await stage.store.open(account?.id ?? -1, { from: 'the test itself' })).release();
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== 'in-use' || left === 0)
        throw new Error(`${what}: ${name} is not free`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
    }
  }
}

function uidls(stage: Stage, name: string): readonly string[] {
  const mail = stage.store.mailboxes.listMail(addressOf(name));
  if (mail instanceof Promise) throw new Error('this driver was to answer at once');
  return mail.map(({ uidl }) => uidl);
}

function given<K extends Given['kind']>({ givens }: Dialogue, kind: K) {
  return givens.find((each): each is Extract<Given, { kind: K }> => each.kind === kind);
}
