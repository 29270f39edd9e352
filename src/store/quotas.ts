/** What accounts and domains may hold, and what they do hold. */

/** Messages, and their octets as RETR sends them. */
export interface Held {
  readonly messages: number;
  readonly octets: number;
}

/** What somebody may hold; any number of what is absent. */
export type Quota = Partial<Held>;

/** What is left of a quota, for as long as nothing comes or goes; none, or less than none, when it is full. */
export interface Room {
  /** Names the quota: the same for all targets that share it. */
  readonly quota: string;
  /** Absent where octets do not count. */
  readonly freeOctets?: number;
  /** Absent where messages do not count. */
  readonly freeMessages?: number;
}
