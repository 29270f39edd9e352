/**
 * Where an SMTP session stands (RFC 5321 §3). Each variant owns its data: an envelope exists only in the states
 * that have one, so a reset is dropping the variant and nothing of a message outlives it.
 */
import type { Copies } from './copies.js';
import type { ForwardedHelo } from './xclient-attributes.js';
import type { Recipient } from '../message/recipient.js';
import type { MessageReceiver } from './message-receiver.js';
import type { OnwardOptions } from '../message/outgoing.js';
import type { Path } from '../message/path.js';
import type { Grant } from '../store/logins.js';

/** Who has proved to be the client. */
export interface Login extends Grant {
  /** The account's own address. */
  readonly address: string;
  /** Of a device: an address that it may send as, wherever that leads. */
  readonly sendsAs?: string | undefined;
  /** Of a device that is known by its address: its name, and whether it has proved more, by a password. */
  readonly device?: { readonly name: string; readonly isProved: boolean };
}

export interface Hello {
  /** As the client gave it; never trusted. */
  readonly name: string;
  /** EHLO or LHLO rather than HELO. */
  readonly extended: boolean;
  /** LHLO: the end of data is answered for each recipient (RFC 2033 §4.2). */
  readonly lmtp?: true;
  /** Stays until the session ends or TLS begins (RFC 4954 §4). */
  readonly login?: Login;
  /** A front spoke for the client; name and way of greeting are the client's as far as it said them. */
  readonly forwardedHelo?: ForwardedHelo;
}

export interface Start {
  readonly at: 'start';
  readonly forwardedHelo?: ForwardedHelo;
}

export interface Greeted {
  readonly at: 'greeted';
  readonly hello: Hello;
}

/** MAIL FROM was taken; recipients are being named. */
export interface Transaction {
  readonly at: 'transaction';
  readonly hello: Hello;
  readonly from: Path;
  readonly international: boolean;
  /** BODY=8BITMIME (RFC 6152). */
  readonly eightBit: boolean;
  /** What SIZE announced (RFC 1870); undefined when it was not given. */
  readonly announcedOctets: number | undefined;
  /** What is asked of whoever sends it on; undefined when nothing is. */
  readonly onward: OnwardOptions | undefined;
  readonly recipients: readonly Recipient[];
  /** Of their paths, all together. */
  readonly pathOctets: number;
  /** Of these recipients. */
  readonly copies: Copies;
  /** How many maildrops they lead to; one that several lead to is counted for each. */
  readonly maildrops: number;
  /** Recipients elsewhere that the login may still name; undefined before the first of them. */
  readonly recipientsLeft?: number;
}

/** A first BDAT was taken; more follow until LAST (RFC 3030 §2). */
export interface Chunking {
  readonly at: 'chunking';
  readonly hello: Hello;
  readonly receiver: MessageReceiver;
}

export type SmtpState = Start | Greeted | Transaction | Chunking;

export const start: Start = { at: 'start' };

/** The one way in which a transaction ends, whatever became of it. */
export function greeted({ hello }: { readonly hello: Hello }): Greeted {
  return { at: 'greeted', hello };
}
