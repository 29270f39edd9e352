/** What `pennypost status` shows, gathered by the store process from everybody connected to it, and what each of them says. */

/** `parted`: the database is there, but a file that belongs to it is not. */
export type FileState = 'there' | 'missing' | 'replaced' | 'parted';

export interface ServerStatus {
  readonly supervisor: { readonly pid: number } | null;
  readonly store: { readonly pid: number; readonly startedAtMs: number } | null;
  readonly workers: readonly { readonly pid: number; readonly sessions: number }[];
  readonly listeners: readonly ({ readonly protocol: string } & (
    { readonly host: string; readonly port: number } | { readonly path: string; readonly mode: number }
  ))[];
  /** How often a process died and was started again since the supervisor started: more than a few ask for a look at the log. */
  readonly restarts: { readonly store: number; readonly workers: number };
  /** The last reload, if it failed; the configuration before it is in force. */
  readonly failedReload: { readonly atMs: number; readonly why: string } | null;
  /** Since the store process started. */
  readonly messagesAccepted: number;
  readonly walBytes: number;
  readonly db: string;
  /** Whether that path leads to the database that is served; when it does not, nothing is accepted. */
  readonly file: FileState;
}

/** What a process says of itself in `pennypost status`. */
export interface PeerReport {
  readonly role: 'supervisor' | 'worker';
  readonly pid: number;
  readonly sessions?: number;
  readonly listeners?: ServerStatus['listeners'];
  readonly restarts?: ServerStatus['restarts'];
  readonly failedReload?: NonNullable<ServerStatus['failedReload']>;
}
