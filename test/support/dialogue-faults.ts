/** Sessions of the real protocols for what only a fault brings about: a bug, a clock, a server that stops. */
import { pop3 } from '../../src/pop3/protocol.js';
import type { State } from '../../src/session/command.js';
import type { Protocol, SessionContext } from '../../src/session/protocol.js';
import { Session } from '../../src/session/session.js';
import { lmtp, mx } from '../../src/smtp/protocol.js';
import type { SmtpSettings } from '../../src/smtp/settings.js';
import type { StageRow } from '../../src/smtp/stage-row.js';
import { stages as usualStages } from '../../src/smtp/stages.js';
import type { MailStore } from '../../src/store/store.js';
import { MemoryChannel } from './dialogue-channel.js';
import { authenticatorOf } from './authenticator.js';

const settings = {
  hostname: 'mx.example.org',
  domain: 'example.org',
  maxMessageSize: 1000,
  bareNewlines: 'refuse' as const,
  loginDelay: 0,
  outbound: 'off' as const,
  queueLifetime: 0,
  maxRecipientsPerHour: undefined,
  maxRecipientsPerDay: undefined,
  delayWarning: 0,
};
const TINY_IDLE_MS = 20;
const TICK_MS = 5;

export interface Options {
  /** The idle limit is a few milliseconds. */
  readonly hasty?: boolean;
  /** Any number of errors. */
  readonly tireless?: boolean;
  readonly heard?: (text: string) => void;
  readonly stages?: readonly StageRow[];
  readonly isLmtp?: boolean;
  readonly outbound?: SmtpSettings['outbound'];
}

export function beginSmtp(store: MailStore, options: Options = {}) {
  const channel = new MemoryChannel();
  const smtp = options.isLmtp === true ? lmtp : mx;
  let messages = 0;
  const untold: unknown[] = [];
  const begun = begin(smtp, channel, options, {
    peer: channel.peer,
    ...{ session: 's1', protocol: 'dialogue' },
    offersTls: true,
    isFront: true,
    counters: { accepted: 0, refused: 0, octets: 0 },
    settings: { ...settings, outbound: options.outbound ?? settings.outbound },
    store,
    autoreplies: store.autoreplies,
    suppressions: store.queuedMail,
    routes: store.routes,
    authenticator: authenticatorOf(store),
    observer: {
      overLimit: () => undefined,
      suppressed: () => undefined,
      untold: ({ error }) => untold.push(error),
      unanswered: () => undefined,
    },
    table: smtp.commands,
    stages: options.stages ?? usualStages,
    nextId: () => `s1-${++messages}`,
  });
  return { ...begun, untold };
}

export function beginPop3(store: MailStore, options: Options = {}) {
  const channel = new MemoryChannel();
  return begin(pop3, channel, options, {
    peer: channel.peer,
    ...{ session: 's1', protocol: 'dialogue' },
    offersTls: true,
    counters: { retrieved: 0, octets: 0, removed: 0 },
    settings,
    store,
    authenticator: authenticatorOf(store),
    table: pop3.commands,
  });
}

function begin<S extends State, C extends SessionContext, Need extends string>(
  protocol: Protocol<S, C, Need>,
  channel: MemoryChannel,
  { hasty = false, tireless = false, heard }: Options,
  context: C,
) {
  const bugs: unknown[] = [];
  const errorLimit = tireless ? Infinity : protocol.limits.errorLimit;
  const quick = { ...protocol.limits, errorDelayMs: 0, errorLimit };
  const limits = hasty ? { ...quick, greetingTimeoutMs: TINY_IDLE_MS, commandTimeoutMs: TINY_IDLE_MS } : quick;
  const session = new Session({ ...protocol, limits }, channel, context, {
    ...(heard === undefined ? {} : { heard }),
    bug: (error) => bugs.push(error),
    ended: () => clearInterval(ticking),
  });
  const ticking = setInterval(() => session.tick(performance.now()), TICK_MS);
  session.start();
  return { channel, session, bugs, counters: context.counters };
}
