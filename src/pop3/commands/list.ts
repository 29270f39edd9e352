/** LIST and UIDL: sizes and unique names, of one message or of all that are not marked (RFC 1939 §5 and §7). */
import { stay, type Outcome } from '../../session/command.js';
import { optional } from '../../session/grammar.js';
import type { MessageInfo } from '../../store/maildrops.js';
import type { MaybePromise } from '../../store/shapes.js';
import { defineCommand } from '../context.js';
import { messageNumber } from '../grammar.js';
import type { Listing } from '../listing.js';
import { scanLines } from '../octets.js';
import { replies } from '../replies.js';
import { withMessage } from '../resolve.js';
import type { Pop3State } from '../state.js';

export const list = defineCommand({
  verb: 'LIST',
  rfc: 'RFC 1939 §5',
  help: { syntax: '[number]', summary: 'shows sizes in octets', example: 'LIST', next: 'RETR and a number' },
  grammar: optional<number>(messageNumber),
  at: ['transaction'],
  run: (number, { listing }) => scan(number, listing, (message) => message.octets),
});

export const uidl = defineCommand({
  verb: 'UIDL',
  rfc: 'RFC 1939 §7',
  help: {
    syntax: '[number]',
    summary: 'shows names that stay the same from session to session',
    example: 'UIDL',
    next: 'RETR and a number',
  },
  grammar: optional<number>(messageNumber),
  at: ['transaction'],
  announce: () => ['UIDL'],
  run: (number, { listing }) => scan(number, listing, (message) => message.uidl),
});

function scan(
  number: number | undefined,
  listing: Listing,
  what: (message: MessageInfo) => number | string,
): MaybePromise<Outcome<Pop3State>> {
  if (number === undefined) return stay(replies.scan(listing.count, listing.octets, scanLines(listing, what)));
  return withMessage(number, listing, (message) => stay(replies.one(number, what(message))));
}
