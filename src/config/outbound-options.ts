/** The options of mail to other domains: a part of the one table (options.ts). Waits and limits have the names that Postfix gave them. */
import type { Configuration } from './configuration.js';
import type { Option } from './option.js';
import { relays } from './relays.js';
import { durationMs, integer, limit, longDurationMs, nonEmpty, oneOf } from './units.js';

type OutboundOptionName =
  | 'outbound'
  | `relay${string}`
  | `${'minimal' | 'maximal'}Backoff`
  | 'queueLifetime'
  | 'delayWarning'
  | 'keepDeliveries'
  | `maxRecipientsPer${string}`
  | 'outboundConnections'
  | 'destinationConcurrency';

export const outboundOptions: {
  readonly [Name in keyof Configuration & OutboundOptionName]: Option<Configuration[Name]>;
} = {
  outbound: {
    initial: 'off',
    placeholder: 'off|relay',
    doc: 'Where mail for other domains goes that somebody who has logged in submits; off refuses it, relay queues it for --relay.',
    parse: oneOf('off', 'relay'),
  },
  relay: {
    initial: 'none',
    placeholder: 'URL,…',
    doc: 'The servers that take mail for other domains, the preferred one first: smtp://user@host:587 (STARTTLS), smtps://user@host:465, or lmtp:/socket; with ?auth=oauth the user logs in as `relay login` has set up.',
    parse: relays,
  },
  relayPasswordFile: {
    initial: 'none',
    placeholder: 'FILE',
    doc: 'The file whose first line is the password for the user of each relay; none takes the variable PENNYPOST_RELAY_PASSWORD.',
    parse: (text) => (text.toLowerCase() === 'none' ? undefined : nonEmpty(text)),
  },
  minimalBackoff: {
    initial: '5m',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long queued mail waits after its first attempt failed for a time; each further wait is twice as long.',
    parse: durationMs,
  },
  maximalBackoff: {
    initial: '4h',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'The longest that queued mail waits between two attempts.',
    parse: durationMs,
  },
  queueLifetime: {
    initial: '5d',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long mail is tried before its sender is told that it could not be delivered.',
    parse: longDurationMs,
  },
  delayWarning: {
    initial: '4h',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'After how long in the queue the sender is told, once, that delivery is delayed; 0s tells nobody.',
    parse: durationMs,
  },
  keepDeliveries: {
    initial: '30d',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long the attempts to deliver stay in the view `deliveries`.',
    parse: longDurationMs,
  },
  outboundConnections: {
    initial: '100',
    placeholder: 'N',
    doc: 'Connections to other servers at once, all together.',
    parse: integer(1, 10_000),
  },
  destinationConcurrency: {
    initial: '20',
    placeholder: 'N',
    doc: 'Connections to one server at once; fewer while it fails.',
    parse: integer(1, 1_000),
  },
  maxRecipientsPerHour: {
    initial: '300',
    placeholder: 'N|none',
    doc: 'Recipients in other domains that one account may send to in an hour; `pennypost account limit` sets others for an account.',
    parse: limit,
  },
  maxRecipientsPerDay: {
    initial: '500',
    placeholder: 'N|none',
    doc: 'The same in a day, as hosted mailboxes have it, so that one stolen password is no spam run.',
    parse: limit,
  },
};
