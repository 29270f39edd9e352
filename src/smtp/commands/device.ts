/**
 * The commands of the port for devices, where they differ from SMTP's own: more is taken where nothing is lost by it, a login is not
 * needed, and a device may do what its listing says. What is mended is noted (device-session.ts). None of these rows stands in
 * another table.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { findMechanism, mechanisms } from '../../auth/sasl.js';
import { viewOf } from '../../bytes/view.js';
import { readPath, type Path } from '../../message/path.js';
import { whenReady } from '../../runtime/when-ready.js';
import { isPrivate, type Peer } from '../../session/channel.js';
import { close, stay, type Outcome, type Row } from '../../session/command.js';
import { parsed, type Grammar } from '../../session/grammar.js';
import type { ListedDevice } from '../../store/devices.js';
import type { MaybePromise } from '../../store/shapes.js';
import { isOverRate } from '../../store/rules/devices.js';
import { defineCommand, type SmtpContext, type SmtpNeed } from '../context.js';
import { deviceLogin, type DeviceSession } from '../device-session.js';
import { replies, type SmtpReply } from '../replies.js';
import type { Greeted, SmtpState, Transaction } from '../state.js';
import { qualified } from '../submission.js';
import { auth, logIn } from './auth.js';
import { collectMessage, data } from './data.js';
import { ehlo, helo } from './hello.js';
import { mail } from './mail.js';
import { addressOf, rcpt } from './rcpt.js';

/** As a table holds it: what it was made of has argument types of its own. */
type DeviceRow = Row<SmtpState, SmtpContext, SmtpNeed>;
type Answer = Outcome<SmtpState> | Promise<Outcome<SmtpState>>;

/** Undefined for what cannot be one: a device says it, and has no way to say another. */
const anyName: Grammar<string | undefined> = (text, isUtf8) => {
  const name = ehlo.grammar(text, isUtf8);
  return parsed(name.ok ? name.value : undefined);
};

export const deviceEhlo = defineCommand({
  ...ehlo,
  grammar: anyName,
  /** No PIPELINING: whoever ends lines with LF is to wait for the reply to a message. */
  announce: () => ['ENHANCEDSTATUSCODES'],
  run: (name, state, context) => known(ehlo.run(nameFor(name, context), state, context), context),
});

export const deviceHelo = defineCommand({
  ...helo,
  grammar: anyName,
  run: (name, state, context) => known(helo.run(nameFor(name, context), state, context), context),
});

function nameFor(name: string | undefined, context: SmtpContext): string {
  if (name !== undefined) return name;
  sessionOf(context).mends.add('hello');
  return literalOf(context.peer);
}

function literalOf({ address }: Peer): string {
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}

const OLD_TLS = new Set(['TLSv1', 'TLSv1.1']);

/** From its greeting on it is one that has logged in, where it has an account. */
function known(answer: Answer, context: SmtpContext): Answer {
  if (OLD_TLS.has(context.peer.security?.version ?? '')) sessionOf(context).mends.add('old-tls');
  return whenReady(answer, (outcome) =>
    outcome.kind === 'stay' && outcome.state?.at === 'greeted'
      ? { ...outcome, state: withAccount(outcome.state, context) }
      : outcome,
  );
}

function withAccount({ hello }: Greeted, context: SmtpContext): Greeted {
  const login = hello.login ?? deviceLogin(sessionOf(context).device, false);
  return { at: 'greeted', hello: { ...hello, ...(login && { login }) } };
}

/** The listing is looked at again: the device may have been removed, or have sent enough, since its session began. */
export const deviceMail: DeviceRow = defineCommand({
  ...mail,
  run({ from, parameters }, state, context) {
    const { devices, device } = sessionOf(context);
    return whenReady(devices.listedDevices(), (listed) => {
      const found = listed.find(({ id }) => id === device.id);
      if (found === undefined) return close(replies.notListed(context.peer.address));
      return whenReady(hasSentEnough(found, devices), (isEnough) => {
        if (isEnough) return stay(replies.overRate);
        return mail.run({ from: senderFor(from, found, context), parameters }, asListed(state, found), context);
      });
    });
  },
});

/** Told before the message is sent. What others send meanwhile counts too: the commit judges again. Without a rate nothing is read. */
function hasSentEnough({ id, rate }: ListedDevice, devices: DeviceSession['devices']): MaybePromise<boolean> {
  if (rate === undefined) return false;
  return whenReady(devices.findDevice(id), (now) => isOverRate(now?.activity.acceptedInPeriod ?? 0, rate));
}

/** Its account may be another's, or disabled, or gone, since it was greeted. */
function asListed(state: Greeted, found: ListedDevice): Greeted {
  const { login, ...hello } = state.hello;
  if (login?.device === undefined) return state;
  const now = deviceLogin(found, login.device.isProved);
  return { at: 'greeted', hello: { ...hello, ...(now && { login: now }) } };
}

/** The device's own sender, whatever it says. */
function senderFor(given: Path | undefined, device: ListedDevice, context: SmtpContext): Path | undefined {
  const { mends } = sessionOf(context);
  if (device.from === undefined) return given && qualified(given, context.settings.domain);
  if (given?.text.toLowerCase() !== device.from.toLowerCase()) mends.add('sender');
  return readPath(`<${device.from}>`)?.path;
}

export const deviceRcpt: DeviceRow = defineCommand({
  ...rcpt,
  run(argument, state, context) {
    const { to } = argument;
    if (to?.mailbox === undefined) return rcpt.run(argument, state, context);
    const address = addressOf(to.mailbox, context);
    const path = { text: to.text, domain: address.domain };
    return whenReady(context.store.resolve(address), ({ kind }) => {
      const refusal = kind === 'remote' ? elsewhereRefusal(path, state, context) : undefined;
      return refusal === undefined ? rcpt.run(argument, state, context) : stay(refusal);
    });
  },
});

function elsewhereRefusal(
  { text: path, domain }: { readonly text: string; readonly domain: string },
  state: Transaction,
  context: SmtpContext,
): SmtpReply | undefined {
  const { device } = sessionOf(context);
  if (context.settings.outbound === 'off') return undefined; // Which is refused to everybody.
  if (state.hello.login === undefined) return replies.staysHere(path, device.name);
  return device.toDomains?.includes(domain) === false ? replies.notToDomain(path, device.name) : undefined;
}

/** For so long nothing may follow a message of one who ends lines with LF; longer than a delayed acknowledgement of TCP. */
const END_PAUSE_MS = 500;
/** All that may: no harm is in it. */
const GOODBYE = /^QUIT\s*$/i;
const GOODBYE_OCTETS = 16;

/**
 * Of one who ends lines with LF a dot alone on a line may be text of the message, as a program has it that ends its own lines with CRLF and
 * stuffs dots behind those alone. Its rest would be read as commands, and stand for whatever a stranger wrote there. A device waits for
 * the reply instead.
 */
export const deviceData: DeviceRow = defineCommand({
  ...data,
  run: (_, state, context) =>
    collectMessage(state, context, (behind) => {
      if (!sessionOf(context).mends.has('line-ends')) return undefined;
      if (!isGoodbye(behind())) return replies.cutShort;
      return pause(END_PAUSE_MS).then(() => (isGoodbye(behind()) ? undefined : replies.cutShort));
    }),
});

function isGoodbye(bytes: Uint8Array): boolean {
  return bytes.length === 0 || (bytes.length <= GOODBYE_OCTETS && GOODBYE.test(viewOf(bytes).toString('latin1')));
}

const inClear = mechanisms.filter(({ needs }) => needs !== 'binding').map(({ name }) => name);

/** Before EHLO too, and in clear; announced as older clients look for it as well. Who is listed need not, and a wrong password is refused. */
export const deviceAuth: DeviceRow = defineCommand({
  ...auth,
  at: ['start', 'greeted'],
  announce: () => [`AUTH ${inClear.join(' ')}`, `AUTH=${inClear.join(' ')}`],
  refuse: () => undefined,
  run({ name, initial }, state, context) {
    const mechanism = findMechanism(name);
    const session = sessionOf(context);
    if (mechanism === undefined || mechanism.needs === 'binding') return stay(replies.unknownMechanism);
    if (mechanism.needs === 'privacy' && !isPrivate(context.peer)) session.mends.add('password-in-clear');
    const as = deviceLogin(session.device, true);
    return logIn({ mechanism, initial }, greetedAs(state, context), context, (login) => as ?? login);
  },
});

function greetedAs(state: Exclude<SmtpState, { at: 'transaction' | 'chunking' }>, context: SmtpContext): Greeted {
  if (state.at === 'greeted') return state;
  sessionOf(context).mends.add('auth-before-hello');
  return withAccount({ at: 'greeted', hello: { name: literalOf(context.peer), extended: false } }, context);
}

/** There is one wherever these rows are. */
function sessionOf({ device }: SmtpContext): DeviceSession {
  if (device === undefined) throw new Error('a command of the port for devices, and no device');
  return device;
}
