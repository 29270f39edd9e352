/**
 * What the sessions of a worker have come to, by what they speak, since it began. While a session goes on it counts for itself (its
 * context's counters), and is added when somebody asks or when it ends: a message costs nothing here.
 */
import type { Reply } from '../../session/reply.js';
import type { Sample } from '../control/control-messages.js';

/** The sessions' own names of what they count, and those of the samples. */
const COUNTED = {
  accepted: 'messages_received_total',
  refused: 'messages_refused_total',
  retrieved: 'messages_retrieved_total',
  removed: 'messages_removed_total',
  octets: 'message_octets_total',
} as const;
type Counted = keyof typeof COUNTED;

const NAMES = Object.keys(COUNTED) as readonly Counted[];
/** Our replies have fewer. */
const CODES_LIMIT = 100;
const HEAD_BYTES = 40;
/** How they begin: 4, 5, and the - of -ERR. */
const REFUSING = [0x34, 0x35, 0x2d];
const CODE = /^(?:[45]\d\d[ -](?:([45]\.\d{1,3}\.\d{1,3}) )?|-ERR (?:\[([A-Z/-]+)\])?)/;

type Sums = Record<Counted, number>;

export interface CountedSession {
  readonly protocol: string;
  readonly counters: object;
}

interface OfProtocol {
  begun: number;
  readonly ended: Sums;
  /** By code, as `codeOf` has it. */
  readonly refusals: Map<string, number>;
}

export class SessionCounts {
  readonly #protocols = new Map<string, OfProtocol>();

  begun(protocol: string): void {
    this.#of(protocol).begun += 1;
  }

  ended({ protocol, counters }: CountedSession): void {
    add(this.#of(protocol).ended, counters);
  }

  said(protocol: string, { head }: Reply): void {
    if (!REFUSING.includes(head[0] ?? 0)) return;
    const { refusals } = this.#of(protocol);
    const code = codeOf(Buffer.from(head.subarray(0, HEAD_BYTES)).toString('latin1'));
    if (refusals.has(code) || refusals.size < CODES_LIMIT) refusals.set(code, (refusals.get(code) ?? 0) + 1);
  }

  /** `open`: those that go on. */
  samples(open: readonly CountedSession[]): readonly Sample[] {
    return [...this.#protocols].flatMap(([protocol, { begun, ended, refusals }]) => {
      const own = open.filter((session) => session.protocol === protocol);
      const sums = { ...ended };
      for (const { counters } of own) add(sums, counters);
      const labels = { protocol };
      return [
        { name: 'sessions_total', labels, value: begun },
        { name: 'sessions_open', labels, value: own.length },
        ...NAMES.map((name) => ({ name: COUNTED[name], labels, value: sums[name] })),
        ...[...refusals].map(([code, value]) => ({ name: 'refusals_total', labels: { protocol, code }, value })),
      ];
    });
  }

  #of(protocol: string): OfProtocol {
    const known = this.#protocols.get(protocol);
    if (known !== undefined) return known;
    const made = {
      begun: 0,
      ended: { accepted: 0, refused: 0, retrieved: 0, removed: 0, octets: 0 },
      refusals: new Map(),
    };
    this.#protocols.set(protocol, made);
    return made;
  }
}

function add(sums: Sums, counters: object): void {
  const given = counters as Partial<Readonly<Record<Counted, unknown>>>;
  for (const name of NAMES) if (typeof given[name] === 'number') sums[name] += given[name];
}

/** The enhanced code of RFC 3463 or the response code of RFC 2449 where there is one, else the reply's own. */
function codeOf(text: string): string {
  const [, enhanced, response] = CODE.exec(text) ?? [];
  return enhanced ?? response ?? (text.startsWith('-') ? 'ERR' : text.slice(0, 3));
}
