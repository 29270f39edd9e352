/**
 * Tells who speaks another protocol: a browser that a hostile page sends here, a scanner, TLS on a port in clear. Those are
 * closed at once, since nothing that they could say is meant for us; whatever else is no command is refused, and its
 * client may go on (RFC 5321 §3.8). What was seen is named for the log, in words of our own and a few octets.
 */
import { Buffer } from 'node:buffer';
import { CR, LF } from '../bytes/line-ends.js';
import { wordsOf, withoutBlanks } from './grammar.js';
import { readRequest, verbOf, type Request } from './request.js';

type Commands = ReadonlyMap<string, unknown>;

/** RFC 9110 §9, RFC 5789, and the preface of HTTP/2. */
const METHODS = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PRI'.split(' '));

/** The other methods of IANA's registry, and of caches and UPnP; some are words that people type, so what follows them decides. */
const MORE_METHODS = new Set(
  [
    'ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF',
    'MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE',
    'UPDATEREDIRECTREF VERSION-CONTROL PURGE BAN M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE',
  ]
    .join(' ')
    .split(' '),
);

/** At the end of a request, or at the beginning of a response. */
const VERSION = /^(HTTP|SIP|RTSP|ICAP)\/[0-9]/i;
const SCHEME = /^(?:(http|ws)s?|(sip)s?|(rtsp)[su]?|(icap)s?):/i;
/** What a request may ask for, besides a URL. */
const TARGET = /^[/*]/;
const NUMBERS = /^[ \t]*[0-9][0-9 \t]*$/;
const SHOWN_VERB = /^[A-Z-]{1,20}$/;

/** What a line is whose verb is no command here; undefined for what may be a mistake of ours to answer. */
export function otherProtocolLine({ verb, argument }: Request): string | undefined {
  const greeting = otherProtocolGreeting(verb, argument);
  if (greeting !== undefined) return greeting;
  const words = wordsOf(withoutBlanks(argument));
  const version = VERSION.exec(words.at(-1) ?? '') ?? VERSION.exec(verb);
  const kind = version?.[1] ?? schemeOf(words[0] ?? '') ?? (isHttp(verb, argument, words[0]) ? 'HTTP' : undefined);
  return kind === undefined ? undefined : named(kind, verb);
}

/** How a connection of another protocol begins. */
function otherProtocolGreeting(verb: string, argument: string): string | undefined {
  if (/^SSH-[0-9]/.test(verb)) return 'SSH';
  if (verb === 'PROXY' && /^(?:TCP[46]|UNKNOWN)/.test(argument)) return 'PROXY header';
  return verb === 'RFB' && /^[0-9]{3}\./.test(argument) ? 'RFB' : undefined;
}

/** `DELETE 1` is a slip of somebody who means DELE. */
function isHttp(verb: string, argument: string, first: string | undefined): boolean {
  if (METHODS.has(verb)) return !NUMBERS.test(argument);
  return MORE_METHODS.has(verb) && (first === undefined || TARGET.test(first));
}

function schemeOf(word: string): string | undefined {
  const found = SCHEME.exec(word);
  return found === null ? undefined : (found[2] ?? found[3] ?? found[4] ?? 'HTTP');
}

function named(kind: string, verb: string): string {
  return SHOWN_VERB.test(verb) ? `${kind.toUpperCase()} ${verb}` : kind.toUpperCase();
}

const NUL = 0;
const SPACE = 0x20;
const HANDSHAKE = 0x16;
const HELLO_BYTES = 3;
const IAC = 0xff;
/** Telnet's commands (RFC 854), those with an option first. */
const WILL = 0xfb;
const SUBNEGOTIATION_END = 0xf0;
/** Control characters that come from keyboards: backspace, tab, ends of lines, escape. */
const TYPED = new Set([0x08, 0x09, LF, CR, 0x1b]);
/** A signature stands at the beginning. */
const LOOKED_AT_BYTES = 64;
const SHOWN_BYTES = 8;
/** Of the PROXY protocol's version 2, from a proxy that is not listed: empty lines for everybody else. */
const PROXY_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n');

/** What waits to be read as a line, perhaps in part: undefined when it may be a command. Only a first line is called binary. */
export function otherProtocolOctets(waiting: Buffer, isFirst: boolean, commands: Commands): string | undefined {
  if (!isFirst && waiting[0] !== HANDSHAKE) return undefined;
  if (waiting[0] === HANDSHAKE && waiting.length < HELLO_BYTES) return undefined;
  if (isHello(waiting)) return 'TLS ClientHello';
  if (!isFirst) return undefined;
  if (waiting.subarray(0, PROXY_SIGNATURE.length).equals(PROXY_SIGNATURE)) return 'PROXY header';
  const end = waiting.subarray(0, LOOKED_AT_BYTES).indexOf(LF);
  const start = waiting.subarray(0, end === -1 ? LOOKED_AT_BYTES : end);
  if (!hasControls(start) || commands.has(firstWord(start))) return undefined;
  return /^.{4}[\xfd-\xff]SMB/s.test(waiting.toString('latin1', 0, 8)) ? 'SMB' : octets(waiting);
}

/** RFC 8446 §5.1: how a record of the handshake begins, whatever the version. */
function isHello(waiting: Buffer): boolean {
  return waiting[0] === HANDSHAKE && waiting[1] === 3 && (waiting[2] as number) <= 4;
}

function octets(waiting: Buffer): string {
  const shown = waiting.toString('hex', 0, SHOWN_BYTES).replace(/..(?=.)/g, '$& ');
  return `octets ${shown}${waiting.length > SHOWN_BYTES ? ' ...' : ''}`;
}

function hasControls(start: Buffer): boolean {
  for (let at = 0; at < start.length; at++) {
    const byte = start[at] as number;
    if (byte === IAC) at += lengthOfTelnet(start[at + 1]) - 1;
    else if (byte < SPACE && !TYPED.has(byte) && !isReturn(start, at)) return true;
  }
  return false;
}

/** CR NUL is the Return of a telnet client (RFC 854). */
function isReturn(start: Buffer, at: number): boolean {
  return start[at] === NUL && start[at - 1] === CR;
}

/** What a telnet client says to its like is no binary. */
function lengthOfTelnet(command = IAC): number {
  if (command >= WILL && command < IAC) return 3;
  return command >= SUBNEGOTIATION_END && command < WILL ? 2 : 1;
}

function firstWord(start: Buffer): string {
  return verbOf(/^[ \t]*([^ \t\r]*)/.exec(start.toString('latin1'))?.[1] ?? '');
}

/** Whatever is known of octets that are no whole line. */
export function recognized(waiting: Buffer, isFirst: boolean, commands: Commands): string | undefined {
  const seen = otherProtocolOctets(waiting, isFirst, commands);
  if (seen !== undefined) return seen;
  const [line = ''] = waiting.toString('latin1').split(/\r?\n/, 1);
  const request = readRequest(Buffer.from(line, 'latin1'));
  return request === undefined || commands.has(request.verb) ? undefined : otherProtocolLine(request);
}
