/** What a load generator of ours prints, one JSON object: pop3-load.c and smtp-client-program.ts alike. Milliseconds. */
export interface LoadWindow {
  readonly atSeconds: number;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export interface LoadResult {
  /** Everything that was done, the warm-up and the last moments included. */
  readonly total: number;
  /** What was done in the `seconds` that are measured. */
  readonly count: number;
  readonly seconds: number;
  /** Of `total`. */
  readonly octets: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly windows: readonly LoadWindow[];
  /** By the clock of the machine: when all sessions were open, where that is told. */
  readonly beganAtMs?: number;
}
