/** An open connection, as the parts of the client share it: who is spoken to, what it can do, and what is said of its answers. */
import type { Dialogue } from './dialogue.js';
import type { Extensions } from './extensions.js';
import type { Deadlines } from './limits.js';
import type { NextHop } from './next-hop.js';
import type { Command, NotConnected, Remote, Report } from './outcome.js';
import { bounded, CLOSING, isNegative, type Answer, type Reply } from './reply.js';

export interface Session {
  readonly dialogue: Dialogue;
  readonly nextHop: NextHop;
  readonly deadlines: Deadlines;
  readonly extensions: Extensions;
  readonly remote: Remote;
  /** Whether it has shown a certificate of the right name, from somebody who is trusted. */
  readonly verified: boolean;
}

/** What was being done, with whom. */
export interface Step {
  readonly command: Command;
  readonly concerns: Report['concerns'];
  readonly remote: Remote;
}

/** A sentence of ours. Whether mail waits or is given up follows from the class of the enhanced code. */
export function finding(step: Step, status: string, text: string): NotConnected {
  return { ...step, kind: status.startsWith('5.') ? 'failed' : 'deferred', status, text };
}

/**
 * What an answer means that was not the wanted one. The class of a reply decides; a reply of another class is not understood.
 * A server that closes or cannot be heard speaks for itself, and not of a message or recipient.
 */
export function refusal(step: Step, answer: Answer): NotConnected {
  const reply = answer.kind === 'reply' ? answer : answer.reply;
  if (reply === undefined) return finding({ ...step, concerns: 'connection' }, answer.status ?? '4.4.2', answer.text);
  if (!isNegative(reply)) return unclear(step, reply);
  const kind = reply.code < 500 ? 'deferred' : 'failed';
  const status = reply.status ?? (kind === 'deferred' ? '4.0.0' : '5.0.0');
  const concerns = reply.code === CLOSING ? 'connection' : step.concerns;
  return { ...step, kind, concerns, code: reply.code, status, text: reply.text };
}

function unclear(step: Step, { code, text }: Reply): NotConnected {
  const sentence = bounded(`the server answered ${step.command} with what is no answer to it: ${text}`);
  return { ...finding({ ...step, concerns: 'connection' }, '4.5.0', sentence), code };
}
