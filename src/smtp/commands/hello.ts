/**
 * EHLO, HELO and LHLO: the client says its name, and a transaction that was open is gone (RFC 5321 §4.1.4).
 * The name is kept for the Received header and believed by nobody, so any words will do: many clients send odd ones, such as
 * the name of a Windows computer, which may have blanks, and letters in Latin-1.
 */
import { stay, type Outcome } from '../../session/command.js';
import { because, parsed, withoutBlanks, wordsOf, type Grammar } from '../../session/grammar.js';
import { announcements } from '../../session/protocol.js';
import { defineCommand, type SmtpContext } from '../context.js';
import { DOMAIN_LIMIT_BYTES } from '../../message/domain.js';
import { replies } from '../replies.js';
import type { Hello, SmtpState } from '../state.js';
import { dropReceiver } from '../transaction.js';

const anywhere = ['start', 'greeted', 'transaction', 'chunking'] as const;

// eslint-disable-next-line no-control-regex -- the name stands in the log, where control characters have no business
const WORDS = /^[^\s\x00-\x1f\x7f-\x9f]+(?: [^\s\x00-\x1f\x7f-\x9f]+)*$/;
/** In Windows' code pages these are quotes and the like, and in those of DOS letters. */
const CODE_PAGES = /[\x80-\xa0]/g;
/** Blanks of other kinds come with what was copied from a page. */
const OTHER_BLANKS = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff]/g;

const helloName: Grammar<string> = (text, isUtf8 = true) => {
  const name = wordsOf(withoutBlanks(isUtf8 ? text.replace(OTHER_BLANKS, ' ') : text.replace(CODE_PAGES, '-'))).join(
    ' ',
  );
  if (!WORDS.test(name)) return because('Say who you are');
  return Buffer.byteLength(name) <= DOMAIN_LIMIT_BYTES ? parsed(name) : because('The name is too long');
};

export const ehlo = defineCommand({
  verb: 'EHLO',
  rfc: 'RFC 5321 §4.1.1.1',
  help: {
    syntax: 'name',
    summary: 'says who is calling and asks which extensions are offered',
    example: 'EHLO client.example',
    next: 'MAIL FROM, or any other command',
  },
  grammar: helloName,
  at: anywhere,
  octets: true,
  serves: 'none',
  announce: () => ['PIPELINING', 'ENHANCEDSTATUSCODES'],
  run(name, state, context) {
    return extendedGreeting({ name, extended: true }, state, context);
  },
});

export const helo = defineCommand({
  verb: 'HELO',
  rfc: 'RFC 5321 §4.1.1.1',
  help: {
    syntax: 'name',
    summary: 'says who is calling, without extensions',
    example: 'HELO client.example',
    next: 'MAIL FROM, or any other command',
  },
  grammar: helloName,
  at: anywhere,
  octets: true,
  serves: 'none',
  run(name, state, context) {
    return stay(replies.hello(context.settings.hostname, []), greet({ name, extended: false }, state, context));
  },
});

/** LMTP's only greeting (RFC 2033 §4.1). */
export const lhlo = defineCommand({
  verb: 'LHLO',
  rfc: 'RFC 2033 §4.1',
  help: {
    syntax: 'name',
    summary: 'says who is calling and asks which extensions are offered',
    example: 'LHLO front.example',
    next: 'MAIL FROM, or any other command',
  },
  grammar: helloName,
  at: anywhere,
  octets: true,
  serves: 'none',
  announce: () => ['PIPELINING', 'ENHANCEDSTATUSCODES'],
  run(name, state, context) {
    return extendedGreeting({ name, extended: true, lmtp: true }, state, context);
  },
});

/** EHLO and LHLO: the greeting that is answered with what is offered. */
function extendedGreeting(given: Hello, state: SmtpState, context: SmtpContext): Outcome<SmtpState> {
  const extensions = announcements(context.table, context);
  return stay(replies.hello(context.settings.hostname, extensions), greet(given, state, context));
}

/** What a front has said of the client goes before what it says for itself. */
function greet(given: Hello, state: SmtpState, context: SmtpContext): SmtpState {
  dropReceiver(state);
  const { login, forwardedHelo }: Partial<Hello> = state.at === 'start' ? state : state.hello;
  const { helo: name = given.name, extended = given.extended } = forwardedHelo ?? {};
  context.counters.helo = name;
  const hello = { ...given, name, extended }; // Both are there already: what is new behind a spread is slow on Node 20.
  if (login === undefined && forwardedHelo === undefined) return { at: 'greeted', hello };
  return { at: 'greeted', hello: { ...hello, ...(login && { login }), ...(forwardedHelo && { forwardedHelo }) } };
}
