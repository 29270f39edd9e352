/**
 * The limits of a session that both protocols share; each protocol names its own values, and the configuration some.
 * What happens when one is reached is said beside it.
 */
export interface SessionLimits {
  /** A longer command line is read to its end, dropped and refused. */
  readonly lineLimitBytes: number;
  /** What ends in a bare newline, with nothing behind it for so long, is refused: a client that knows no CRLF waits for an answer. */
  readonly bareNewlineWaitMs: number;
  /** More failed commands than this in one session: each further refusal waits for `errorDelayMs`. */
  readonly quickErrors: number;
  readonly errorDelayMs: number;
  /** More failed commands than this: the last reply says so and the connection closes. */
  readonly errorLimit: number;
  /** More commands than this that do nothing, with nothing useful between them: each further one waits for `junkDelayMs`. */
  readonly quickJunk: number;
  readonly junkDelayMs: number;
  /** How long it waits when the client sent more without waiting for the answer. */
  readonly hastyJunkDelayMs: number;
  /** More that waited so: the last reply says so and the connection closes. */
  readonly hastyJunkLimit: number;
  /** Bytes received while a command still runs, above which the session stops reading the connection. */
  readonly inputHighWaterBytes: number;
  /** No first command for so long: the protocol's farewell and the connection closes. */
  readonly greetingTimeoutMs: number;
  /** No command for so long, or nothing taken of what the server says: likewise. */
  readonly commandTimeoutMs: number;
  /** Nothing at all inside a body for so long: likewise, and the message is dropped. */
  readonly dataTimeoutMs: number;
  /** The whole session has taken so long: likewise, whatever it does. */
  readonly sessionTimeoutMs: number;
  /** A body that comes more slowly, measured over RATE_WINDOW_MS: likewise. 0 asks for no rate. */
  readonly minBodyBytesPerSecond: number;
}

/** Long enough that a stalled network is not taken for a slow sender. */
export const RATE_WINDOW_MS = 30_000;

/** While the server is nearly full, for a command of a session without a login or an open transaction. As Postfix under stress. */
export const HURRIED_TIMEOUT_MS = 10_000;

/** What both protocols begin with; the configuration may say otherwise. */
export const usualLimits = {
  // Longer than what a lost segment takes on most ways: what follows is a new line, and must not be the rest of this one.
  bareNewlineWaitMs: 300,
  quickErrors: 10,
  errorDelayMs: 1_000,
  errorLimit: 20,
  // Postfix's smtpd_junk_command_limit. Who waits for each answer is slowed down to what costs the server next to nothing.
  quickJunk: 100,
  junkDelayMs: 5,
  hastyJunkDelayMs: 100,
  hastyJunkLimit: 100,
  inputHighWaterBytes: 64 * 1024,
  greetingTimeoutMs: 60_000,
  // RFC 5321 §4.5.3.2.5, seen from the other side.
  dataTimeoutMs: 3 * 60_000,
  sessionTimeoutMs: 2 * 3_600_000,
  minBodyBytesPerSecond: 256,
} as const satisfies Partial<SessionLimits>;
