/**
 * Next hops that take no mail, as an administrator is to read of them: which, since when, its last words, and what to do. What only an
 * administrator can mend is a problem at once, anything else when it lasts. Pure.
 */
import type { Reply } from '../store/queue.js';
import type { Hop } from './hop.js';
import type { NextHop } from './client/next-hop.js';

export interface HopProblem {
  readonly hop: NextHop;
  readonly sentence: string;
}

/** A server that restarts is no problem yet. */
const PASSING_MS = 3 * 60_000;
/** Of what does not pass by itself. */
const AT_ONCE_MS = 0;

interface Cause {
  readonly is: (failure: Reply) => boolean;
  readonly afterMs: number;
  readonly advice: string;
}

/** The first that it is. */
const CAUSES: readonly Cause[] = [
  {
    is: ({ command, code = 0 }) => command === 'AUTH' && code >= 500,
    afterMs: AT_ONCE_MS,
    advice:
      'put the password that it takes into the file of --relay-password-file or of the route, which is read again within a minute',
  },
  {
    is: ({ command }) => command === 'AUTH',
    afterMs: PASSING_MS,
    advice: 'see to the user, the password and the TLS in its URL',
  },
  {
    is: ({ command }) => command === 'STARTTLS',
    afterMs: AT_ONCE_MS,
    advice: 'give the port where it has TLS, smtps: for TLS from the first octet, or ?tls=none to do without',
  },
  {
    is: ({ command }) => command === 'TLS',
    afterMs: AT_ONCE_MS,
    advice: 'see to its certificate, or give the name that stands there with ?tls-name= in its URL',
  },
  {
    is: ({ command, enhanced = '' }) => command === 'connect' && (enhanced === '4.4.3' || enhanced === '4.4.4'),
    afterMs: PASSING_MS,
    advice: "see to the name in its URL and to this machine's DNS",
  },
  {
    is: ({ command }) => command === 'connect',
    afterMs: PASSING_MS,
    advice: 'see whether it runs, whether host and port in its URL are right, and what a firewall lets through',
  },
  { is: () => true, afterMs: PASSING_MS, advice: 'what it says comes from there: its operator knows why' },
];

/** What there is no token for is told by who looks after those (access-tokens.ts). */
export function hopProblems(hops: Iterable<Hop>, nowMs: number): readonly HopProblem[] {
  return [...hops].flatMap((hop) => {
    const { failure, failingSinceMs, next } = hop;
    const cause = CAUSES.find(({ is }) => failure !== undefined && is(failure));
    if (failure === undefined || failingSinceMs === undefined || cause === undefined) return [];
    if (nowMs - failingSinceMs < cause.afterMs) return [];
    const since = new Date(failingSinceMs).toISOString().replace(/\.\d+/, '');
    const sentence = `${placeOf(next)} has taken no mail since ${since}: ${wordsOf(failure)}; ${cause.advice}`;
    return [{ hop: next, sentence }];
  });
}

function placeOf({ endpoint, protocol }: NextHop): string {
  if (endpoint.kind === 'unix') return `the ${protocol.toUpperCase()} socket ${endpoint.path}`;
  return `the next hop ${endpoint.host} port ${endpoint.port}`;
}

function wordsOf({ code, enhanced, text, command }: Reply): string {
  const said = [code, enhanced, text].filter((part) => part !== undefined).join(' ');
  return command === undefined || code === undefined ? said : `${said} (answer to ${command})`;
}
