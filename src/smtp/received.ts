/**
 * The trace headers that stand before a message (RFC 5321 §4.4): Return-Path, Delivered-To and Received.
 * They are the only thing that Pennypost adds; what the sender sent follows byte for byte.
 */
import { Buffer } from 'node:buffer';
import { isIPv6 } from 'node:net';

export interface Trace {
  /** Without brackets; empty for the null reverse-path. */
  readonly reversePath: string;
  readonly deliveredTo: string;
  /** As the client gave it in EHLO or HELO. */
  readonly helo: string;
  /** The client's IP address. */
  readonly peer: string;
  /** RFC 3848 and RFC 6531 §4.3: SMTP, ESMTP, UTF8SMTP … */
  readonly protocol: string;
  readonly hostname: string;
  readonly id: string;
  /** The forward-path as given, without brackets. */
  readonly forPath: string;
  readonly atMs: number;
}

export function traceHeaders(trace: Trace): Uint8Array {
  return Buffer.from(
    `Return-Path: <${trace.reversePath}>\r\n` +
      `Delivered-To: ${trace.deliveredTo}\r\n` +
      `Received: from ${presentable(trace.helo)} (${literal(trace.peer)})\r\n` +
      `\tby ${trace.hostname} (Pennypost) with ${trace.protocol} id ${trace.id}\r\n` +
      `\tfor <${trace.forPath}>; ${dateTime(trace.atMs)}\r\n`,
  );
}

/** A client may call itself anything: what could end a header field or a comment becomes a question mark. */
function presentable(helo: string): string {
  return helo.replace(/[^A-Za-z0-9.:_[\]\u00a0-\u{10ffff}-]/gu, '?');
}

/** RFC 5321 §4.1.3. */
function literal(address: string): string {
  return isIPv6(address) ? `[IPv6:${address}]` : `[${address}]`;
}

/** RFC 5322 §3.3, in UTC. */
export function dateTime(atMs: number): string {
  return new Date(atMs).toUTCString().replace('GMT', '+0000');
}
