/** From a message-number to its message, for every command that takes one: the refusals are the same for all. */
import { whenReady } from '../runtime/when-ready.js';
import { stay, type Outcome } from '../session/command.js';
import type { MessageInfo } from '../store/maildrops.js';
import type { MaybePromise } from '../store/shapes.js';
import type { Found, Listing } from './listing.js';
import { replies } from './replies.js';
import type { Pop3State } from './state.js';

/** Runs `act` with the message, when there is one that is not marked; at once when the store knows it at once. */
export function withMessage(
  number: number,
  listing: Listing,
  act: (message: MessageInfo) => MaybePromise<Outcome<Pop3State>>,
): MaybePromise<Outcome<Pop3State>> {
  const answer = (found: Found) => (found.ok ? act(found.message) : stay<Pop3State>(replies[found.because]));
  return whenReady(listing.find(number), answer);
}
