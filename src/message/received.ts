/**
 * The trace headers that stand before a message (RFC 5321 §4.4): Return-Path, Delivered-To and Received.
 * To mail from other servers nothing else is added; what the sender sent follows byte for byte.
 *
 * Received does not tell where somebody who logged in was, nor under which name: every recipient would learn the address
 * of a home and the account behind an alias, for good. The log has both, under the session's name that is part of the id.
 */
import { Buffer } from 'node:buffer';
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

export interface Client {
  /** As the client gave it in EHLO or HELO. */
  readonly helo: string;
  /** Its IP address, or what it is reached by instead. */
  readonly address: string;
}

/** What a session was like when a message came in it. */
export interface Circumstances {
  readonly hello: { readonly lmtp?: true; readonly extended: boolean };
  readonly international: boolean;
  readonly secured: boolean;
  readonly authenticated: boolean;
}

/** What the trace headers of all copies of a message have in common. */
export interface CommonTrace {
  /** Without brackets; empty for the null reverse-path. */
  readonly reversePath: string;
  /** Who handed the message in; undefined for a client that logged in, and for a device. */
  readonly client: Client | undefined;
  /** The name of the device that it came from. */
  readonly device?: string | undefined;
  readonly protocol: string;
  /** The message came with SMTPUTF8: its header may hold UTF-8 (RFC 6531 §3.6). */
  readonly international?: boolean;
  /** Of TLS, where the message came over it. */
  readonly security?: { readonly version: string; readonly cipher: string } | undefined;
  readonly hostname: string;
  readonly id: string;
  readonly atMs: number;
}

/** One copy. */
export interface Copy {
  readonly deliveredTo: string;
  /** The forward-path as given, without brackets. */
  readonly forPath: string;
}

// eslint-disable-next-line no-control-regex -- ASCII is what it asks for
const ASCII = /^[\x00-\x7f]*$/;
const USUAL_NAME = /^[A-Za-z0-9.-]*$/;
const NOT_ASCII = /[^ -~]/gu;

/** Writes the trace headers of each copy; what they have in common is put together once. */
export function traceHeaders(common: CommonTrace): (copy: Copy) => Uint8Array {
  const returnPath = `Return-Path: <${common.reversePath}>\r\n`;
  const received = receivedFrom(common);
  const date = dateTime(common.atMs);
  return ({ deliveredTo, forPath }) =>
    Buffer.from(`${returnPath}Delivered-To: ${deliveredTo}\r\n${received}\r\n\tfor <${forPath}>; ${date}\r\n`);
}

/**
 * What stands before a message that is sent on: final delivery alone adds the other headers. `forPath` is there when it is the only
 * one: nobody learns who else gets the message (RFC 5321 §7.2).
 */
export function onwardTrace(common: CommonTrace, forPath: string | undefined): Uint8Array {
  const received = receivedFrom(common);
  const date = dateTime(common.atMs);
  return Buffer.from(
    forPath === undefined ? `${received};\r\n\t${date}\r\n` : `${received}\r\n\tfor <${forPath}>; ${date}\r\n`,
  );
}

/** Without the end of its second line. */
function receivedFrom(common: CommonTrace): string {
  return (
    `Received: from ${origin(common)}\r\n` +
    `\tby ${common.hostname} (Pennypost) with ${common.protocol}${protection(common)} id ${common.id}`
  );
}

/** RFC 3848, RFC 6531 §4.3: SMTP, ESMTPS, UTF8SMTPSA, LMTP … What only ESMTP can have is not said of SMTP. */
export function protocolName({ hello, international, secured, authenticated }: Circumstances): string {
  const { lmtp, extended } = hello;
  if (lmtp === true) return `${international ? 'UTF8' : ''}LMTP${secured ? 'S' : ''}`;
  if (!extended && !international) return 'SMTP';
  return `${international ? 'UTF8SMTP' : 'ESMTP'}${secured ? 'S' : ''}${authenticated ? 'A' : ''}`;
}

/** RFC 5321 §4.4 wants a domain there: for those who logged in, and for devices, it is ours. */
function origin({ client, device, hostname, international }: CommonTrace): string {
  if (client === undefined) return `${hostname} (${device === undefined ? 'logged in' : `device ${device}`})`;
  const { helo, address } = client;
  return `${presentable(international === true ? helo : asciiName(helo))} (${literal(address)})`;
}

function protection({ security }: CommonTrace): string {
  return security === undefined ? '' : ` (${security.version} ${security.cipher})`;
}

/** A client may call itself anything: what is no letter or digit, and could end a header field or a comment, becomes a question mark. */
function presentable(helo: string): string {
  return USUAL_NAME.test(helo) ? helo : helo.replace(/[^A-Za-z0-9.:_[\]\p{L}\p{M}\p{N}-]/gu, '?');
}

/** Only a message with SMTPUTF8 may bring UTF-8: elsewhere a name has its A-labels (RFC 6531 §3.7.3), or question marks. */
function asciiName(helo: string): string {
  return ASCII.test(helo) ? helo : domainToASCII(helo) || helo.replace(NOT_ASCII, '?');
}

/** RFC 5321 §4.1.3; what is no address is a comment. */
function literal(address: string): string {
  if (isIPv4(address)) return `[${address}]`;
  return isIPv6(address) ? `[IPv6:${address}]` : address;
}

/** RFC 5322 §3.3, in UTC. */
export function dateTime(atMs: number): string {
  return new Date(atMs).toUTCString().replace('GMT', '+0000');
}
