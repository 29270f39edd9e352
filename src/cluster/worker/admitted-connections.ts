/**
 * The connections of one worker that were let in, from the handshake of TLS to their end: who would be evicted when the
 * server is full. Only those that have proved nothing: no login, and no message taken, or none lately.
 */
import { UnorderedList, type Entry } from '../../runtime/unordered-list.js';
import type { ServiceGroup, Victim } from '../control/messages.js';

/** What is asked of a session when places are rare. */
export interface Standing {
  /** Since anything was heard of it. */
  readonly idleMs: number;
  readonly ageMs: number;
  /** It has said at least one line. */
  readonly spoke: boolean;
}

export interface AdmittedConnection {
  /** What counts as one client. */
  readonly client: string;
  readonly group: ServiceGroup;
  readonly trusted: boolean;
  /** Undefined for one that is not to be sent away. */
  standing(nowMs: number): Standing | undefined;
  /** Its place is free at once, whatever is still to be said. */
  evict(): void;
}

/** Time to be greeted, and to say something. */
const FRESH_MS = 1_000;

interface Candidate extends Standing {
  readonly connection: AdmittedConnection;
  readonly crowd: number;
}

export class AdmittedConnections {
  readonly #connections = new UnorderedList<AdmittedConnection>();

  add(connection: AdmittedConnection): Entry<AdmittedConnection> {
    return this.#connections.add(connection);
  }

  remove(entry: Entry<AdmittedConnection>): void {
    this.#connections.remove(entry);
  }

  /** For each service, and for those who are trusted, who would be the first. */
  victims(nowMs: number): readonly Victim[] {
    const first = new Map<string, Candidate>();
    for (const one of this.#candidates(nowMs)) {
      const { group, trusted } = one.connection;
      const name = `${group} ${trusted}`;
      const other = first.get(name);
      if (other === undefined || comesBefore(one, other)) first.set(name, one);
    }
    return [...first.values()].map(({ connection: { group, trusted }, crowd, spoke, idleMs, ageMs }) => ({
      ...{ group, trusted, crowd, spoke, idleMs, ageMs },
    }));
  }

  /** Ends the first of these, as it is now. */
  evict({ group, trusted }: Pick<Victim, 'group' | 'trusted'>, nowMs: number): void {
    const [first] = this.#candidates(nowMs)
      .filter(({ connection }) => connection.group === group && connection.trusted === trusted)
      .toSorted((one, other) => (comesBefore(one, other) ? -1 : 1));
    first?.connection.evict();
  }

  #candidates(nowMs: number): readonly Candidate[] {
    const found = this.#connections.all().flatMap((connection) => {
      const standing = connection.standing(nowMs);
      return standing === undefined || standing.ageMs < FRESH_MS ? [] : [{ connection, ...standing }];
    });
    const crowds = new Map<string, number>();
    for (const { connection } of found) crowds.set(connection.client, (crowds.get(connection.client) ?? 0) + 1);
    return found.map((one) => ({ ...one, crowd: crowds.get(one.connection.client) ?? 1 }));
  }
}

/** Of whom there are most; then who never said a word; then who has been here longest. */
function comesBefore(one: Candidate, other: Candidate): boolean {
  if (one.crowd !== other.crowd) return one.crowd > other.crowd;
  return one.spoke === other.spoke ? one.ageMs > other.ageMs : !one.spoke;
}
