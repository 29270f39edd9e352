/** A protocol with nothing but what a session must be able to do: tests of the session itself speak it. */
import { Buffer } from 'node:buffer';
import { close, stay, type BodyEnd, type Outcome, type Sink } from '../../src/session/command.js';
import { anything, nothing, word } from '../../src/session/grammar.js';
import type { SessionEnd } from '../../src/session/observer.js';
import { commandOf, tableOf, type Protocol, type SessionContext } from '../../src/session/protocol.js';
import type { Reply } from '../../src/session/reply.js';
import { Session } from '../../src/session/session.js';
import { StoreError } from '../../src/store/errors.js';
import { sourceOf } from './sources.js';
import { MemoryChannel, peerAt } from './dialogue-channel.js';

export type ToyState = { readonly at: 'shut' } | { readonly at: 'open'; readonly name: string };

export interface ToyContext extends SessionContext {
  /** What was done, in order. */
  readonly done: string[];
  /** What LATE, STORE and BODY wait for. */
  wait: () => Promise<void>;
  /** Whether the gate is closed. */
  locked: boolean;
}

type Need = 'key';

function say(text: string, failed = false): Reply {
  return { head: Buffer.from(`${text}\r\n`), failed };
}

const define = commandOf<ToyState, ToyContext, Need>();
const anywhere = ['shut', 'open'] as const;
const help = { syntax: '', summary: '', example: '', next: '' };
const base = { rfc: 'none', help };

/** Bytes of one piece of LONG, and how many pieces there are. */
export const PIECE_BYTES = 32 * 1024;
export const PIECES = 64;

function* long(done: string[], breaksAt: number): Iterable<Uint8Array> {
  try {
    for (let piece = 0; piece < PIECES; piece++) {
      if (piece === breaksAt) throw new Error('secret text of a broken reply');
      done.push('piece');
      yield Buffer.alloc(PIECE_BYTES, 'x');
    }
    yield Buffer.from('\r\nend\r\n');
  } finally {
    done.push('over');
  }
}

function collect(context: ToyContext, breaks: 'write' | 'end' | undefined): Outcome<ToyState> {
  const sink: Sink = {
    write(piece) {
      if (breaks === 'write') throw new Error('secret text of a broken sink');
      context.done.push(Buffer.from(piece).toString());
      return context.wait();
    },
    abandon: () => void context.done.push('sink abandoned'),
  };
  const ended = ({ octets }: BodyEnd) => {
    if (breaks === 'end') throw new StoreError('full', 'secret text of a full store');
    return stay<ToyState>(say(`took ${octets}`));
  };
  return { kind: 'collect', reply: say('go on'), framing: { until: 'dot' }, sink, ended };
}

const table = tableOf<ToyState, ToyContext, Need>([
  define({ ...base, verb: 'ECHO', grammar: anything, at: anywhere, run: (text) => stay(say(`echo ${text}`)) }),
  define({ ...base, verb: 'FAIL', grammar: anything, at: anywhere, run: () => stay(say('failed', true)) }),
  define({
    ...base,
    verb: 'OPEN',
    grammar: word,
    at: ['shut'],
    refuse: () => undefined,
    run: (name) => stay(say('opened'), { at: 'open', name }),
  }),
  define({ ...base, verb: 'SHUT', grammar: nothing, at: ['open'], run: () => stay(say('shut'), { at: 'shut' }) }),
  define({
    ...base,
    verb: 'GATED',
    grammar: nothing,
    at: ['open'],
    needs: ['key'],
    refuse: ({ name }) => (name === 'bad' ? say('refused', true) : undefined),
    run: () => stay(say('passed')),
  }),
  define({ ...base, verb: 'SECRET', secret: true, grammar: word, at: anywhere, run: () => stay(say('hush')) }),
  define({
    ...base,
    verb: 'LATE',
    grammar: word,
    at: ['shut'],
    run: (name, _, { wait }) => wait().then(() => stay<ToyState>(say('late'), { at: 'open', name })),
  }),
  define({
    ...base,
    verb: 'BUG',
    grammar: nothing,
    at: anywhere,
    run: () => {
      throw new Error('secret text of a bug');
    },
  }),
  define({
    ...base,
    verb: 'LATEBUG',
    grammar: nothing,
    at: anywhere,
    run: async (_, __, { wait }) => {
      await wait();
      throw new Error('secret text of a late bug');
    },
  }),
  define({
    ...base,
    verb: 'STORE',
    grammar: anything,
    at: anywhere,
    run(text, _, { wait }) {
      const error = new StoreError('busy', 'secret text of a busy store');
      if (text === 'now') throw error;
      return wait().then(() => {
        throw error;
      });
    },
  }),
  define({
    ...base,
    verb: 'LONG',
    grammar: anything,
    at: anywhere,
    run: (at, _, { done }) =>
      stay({
        head: Buffer.from('long\r\n'),
        body: sourceOf(long(done, at === '' ? PIECES + 1 : Number(at))),
        failed: false,
      }),
  }),
  define({
    ...base,
    verb: 'BODY',
    grammar: nothing,
    at: anywhere,
    run: (_, __, context) => collect(context, undefined),
  }),
  define({
    ...base,
    verb: 'BADSINK',
    grammar: nothing,
    at: anywhere,
    run: (_, __, context) => collect(context, 'write'),
  }),
  define({ ...base, verb: 'BADEND', grammar: nothing, at: anywhere, run: (_, __, context) => collect(context, 'end') }),
  define({
    ...base,
    verb: 'SKIP',
    grammar: word,
    at: ['open'],
    refused: (argument, refusal) => close(say(`skipped ${argument} ${Buffer.from(refusal.head).toString().trim()}`)),
    run: () => stay(say('not skipped')),
  }),
  define({
    ...base,
    verb: 'SECURE',
    grammar: nothing,
    at: anywhere,
    run: () => ({ kind: 'secure', reply: say('go ahead') }),
  }),
  define({ ...base, verb: 'BYE', grammar: nothing, at: anywhere, run: () => close(say('bye')) }),
]);

export const toy: Protocol<ToyState, ToyContext, Need> = {
  name: 'toy',
  limits: {
    lineLimitBytes: 100,
    bareNewlineWaitMs: 20,
    quickErrors: 3,
    errorDelayMs: 0,
    errorLimit: 3,
    quickJunk: 3,
    junkDelayMs: 1,
    hastyJunkDelayMs: 2,
    hastyJunkLimit: 3,
    inputHighWaterBytes: 1000,
    greetingTimeoutMs: 20_000,
    commandTimeoutMs: 40_000,
    dataTimeoutMs: 60_000,
    sessionTimeoutMs: 3_600_000,
    minBodyBytesPerSecond: 10,
  },
  commands: table,
  gates: { key: ({ locked }) => (locked ? say('locked', true) : undefined) },
  initial: { at: 'shut' },
  greeting: () => say('welcome'),
  connectionRefusals: {
    full: say('full', true),
    'too-many': say('too many', true),
    'too-often': say('too often', true),
  },
  atRest: ({ at }) => at === 'shut',
  grantOf: () => undefined,
  abandon: () => undefined,
  errorReplies: {
    unknown: (verb, { at }) => say(`unknown ${verb} ${at}`, true),
    syntax: ({ verb }, why = 'syntax') => say(`${why} ${verb}`, true),
    badSequence: ({ verb }, { at }) => say(`bad sequence: ${verb} ${at}`, true),
    unreadable: say('unreadable', true),
    lineTooLong: say('too long', true),
    tooManyErrors: say('too many errors', true),
    tooMuchJunk: say('too much junk', true),
    idle: say('idle', true),
    slow: say('slow', true),
    session: say('session', true),
    earlyTalker: say('early talker', true),
    otherProtocol: say('foreign', true),
    injected: say('injected', true),
    revoked: say('revoked', true),
    stopping: say('stopping', true),
    internal: say('internal', true),
    failed: ({ kind }) => say(`store ${kind}`, true),
  },
};

export function toyContext(): ToyContext {
  return {
    peer: peerAt('127.0.0.1'),
    ...{ session: 's1', protocol: 'dialogue' },
    offersTls: true,
    counters: {},
    done: [],
    wait: () => Promise.resolve(),
    locked: false,
  };
}

/** A session that was greeted, with everything that it told. */
export function begin(change: Partial<Protocol<ToyState, ToyContext, Need>> = {}, pauseMs = 0) {
  const channel = new MemoryChannel();
  const context = toyContext();
  const bugs: unknown[] = [];
  const heard: string[] = [];
  const said: Reply[] = [];
  const ends: SessionEnd[] = [];
  const abandon = ({ at }: ToyState) => void context.done.push(`abandoned ${at}`);
  const session = new Session({ ...toy, abandon, ...change }, channel, context, {
    heard: (text) => heard.push(text),
    said: (reply) => said.push(reply),
    bug: (error) => bugs.push(error),
    ended: (end) => ends.push(end),
  });
  session.start(pauseMs);
  return { channel, context, session, bugs, heard, said, ends };
}

/** A promise that the test resolves. */
export function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}
