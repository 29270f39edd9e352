/** RETR and TOP: a message, or its header and first lines, byte for byte as it was sent (RFC 1939 §5 and §7). */
import { whenReady } from '../../runtime/when-ready.js';
import { stay, type Outcome } from '../../session/command.js';
import type { MaybePromise } from '../../store/shapes.js';
import type { Source } from '../../store/source.js';
import { defineCommand } from '../context.js';
import { messageNumber, numberAndLines } from '../grammar.js';
import { stuffed, top as topOf } from '../octets.js';
import { replies } from '../replies.js';
import { withMessage } from '../resolve.js';
import type { Pop3State } from '../state.js';

export const retr = defineCommand({
  verb: 'RETR',
  rfc: 'RFC 1939 §5',
  help: { syntax: 'number', summary: 'shows a message', example: 'RETR 1', next: 'DELE and the number, or QUIT' },
  grammar: messageNumber,
  at: ['transaction'],
  serves: 'mail',
  run: (number, { listing, maildrop }, { counters }) =>
    withMessage(number, listing, ({ id, octets }) => {
      counters.retrieved += 1;
      counters.octets += octets;
      return sent(octets, maildrop.read(id), stuffed);
    }),
});

export const top = defineCommand({
  verb: 'TOP',
  rfc: 'RFC 1939 §7',
  help: {
    syntax: 'number lines',
    summary: "shows a message's header and so many lines of its text",
    example: 'TOP 1 10',
    next: 'RETR and the number',
  },
  grammar: numberAndLines,
  at: ['transaction'],
  serves: 'mail',
  announce: () => ['TOP'],
  run: ({ number, lines }, { listing, maildrop }) =>
    withMessage(number, listing, ({ id, octets }) =>
      sent(octets, maildrop.read(id), (message) => topOf(message, lines)),
    ),
});

/** At once when the store has the message at once. */
function sent(
  octets: number,
  found: MaybePromise<Source>,
  as: (message: Source) => Source,
): MaybePromise<Outcome<Pop3State>> {
  const answer = (message: Source) => stay<Pop3State>(replies.message(octets, as(message)));
  return whenReady(found, answer);
}
