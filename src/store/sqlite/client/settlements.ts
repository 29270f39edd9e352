/** Outcomes as they travel: what a server elsewhere said is text that a frame and the database can hold, and times are whole. */
import type { Outcome, Reply, Settlement } from '../../queue.js';

/** Of each text of a reply; what is longer is cut. */
const TEXT_LIMIT_CHARACTERS = 2_000;

export function settlementForFrame({ id, outcome, startedAtMs, durationMs }: Settlement): Settlement {
  return {
    id,
    outcome: outcomeForFrame(outcome),
    startedAtMs: startedAtMs === undefined ? undefined : Math.round(startedAtMs),
    durationMs: durationMs === undefined ? undefined : Math.round(durationMs),
  };
}

export function replyForFrame({ code, text, ...rest }: Reply): Reply {
  const { enhanced, host, address, tls, command } = rest;
  return {
    ...{ code, text: clean(text) ?? '', enhanced: clean(enhanced), host: clean(host), address: clean(address) },
    ...{ tls: clean(tls), command: clean(command) },
  };
}

function outcomeForFrame(outcome: Outcome): Outcome {
  if (outcome.kind === 'returned' || outcome.kind === 'noticed') return { kind: outcome.kind };
  const reply = replyForFrame(outcome.reply);
  if (outcome.kind !== 'deferred') return { kind: outcome.kind, reply };
  return { kind: 'deferred', reply, nextAttemptAtMs: Math.round(outcome.nextAttemptAtMs) };
}

function clean(text: string | undefined): string | undefined {
  return text
    ?.slice(0, TEXT_LIMIT_CHARACTERS)
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replaceAll('\0', '');
}
