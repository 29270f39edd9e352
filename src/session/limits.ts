/**
 * The limits of a session that both protocols share; each protocol names its own values.
 * Reaching one is said in the line beside it.
 */
export interface SessionLimits {
  /** A longer command line is read to its end, dropped and refused. */
  readonly lineLimitBytes: number;
  /** More failed commands than this in one session: the last reply says so and the connection closes. */
  readonly errorLimit: number;
  /** Nothing received, and nothing taken, for so long: the protocol's farewell and the connection closes. */
  readonly idleTimeoutMs: number;
  /** Bytes received while a command still runs, above which the session stops reading the connection. */
  readonly inputHighWaterBytes: number;
}
