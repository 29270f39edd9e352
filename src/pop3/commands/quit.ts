/**
 * QUIT: removes what is marked, all or none, and ends the session (RFC 1939 §6).
 * +OK is said only after the removal is durable; if that could not be confirmed, the reply says so.
 */
import { close, type Outcome } from '../../session/command.js';
import { nothing } from '../../session/grammar.js';
import { StoreError } from '../../store/errors.js';
import { defineCommand, type Pop3Counters } from '../context.js';
import { replies } from '../replies.js';
import { authorization, type Pop3State, type Transaction } from '../state.js';

export const quit = defineCommand({
  verb: 'QUIT',
  rfc: 'RFC 1939 §4, §6',
  help: {
    syntax: '',
    summary: 'removes the marked messages and ends the session',
    example: 'QUIT',
    next: 'nothing: the server closes the connection',
  },
  grammar: nothing,
  at: ['authorization', 'transaction'],
  last: true,
  run(_, state, { counters }) {
    if (state.at === 'authorization') return close(replies.bye);
    return state.listing.markedCount === 0 ? leave(state, counters, 0) : removeAndLeave(state, counters);
  },
});

async function removeAndLeave(state: Transaction, counters: Pop3Counters): Promise<Outcome<Pop3State>> {
  try {
    await state.maildrop.remove(state.listing.marked());
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    await state.maildrop.release();
    return close(replies.notRemoved, authorization);
  }
  return leave(state, counters, state.listing.markedCount);
}

/** The maildrop is free before the client hears so: it may come back at once, to another worker. */
async function leave(
  { maildrop, listing }: Transaction,
  counters: Pop3Counters,
  removed: number,
): Promise<Outcome<Pop3State>> {
  await maildrop.release();
  counters.removed = removed;
  return close(removed === 0 ? replies.bye : replies.byeRemoved(removed, listing.count), authorization);
}
