/**
 * Where a database is, and what this machine has for it: one value a driver, which locations.ts chooses. For whoever opens no
 * database: the supervisor, and commands that ask it. Carries no engine.
 */
export interface DatabaseLocation {
  /** As people are told: an absolute path, or the address of a server without its password. */
  readonly name: string;
  /** Absolute; undefined for a database that is no file of this machine. */
  readonly file: string | undefined;
  /** Absolute: where a server keeps what it makes for itself. Whoever may write there is trusted with all mail. */
  readonly directory: string;
  /** A command that shows the mail, to type in a shell. */
  readonly shellCommand: string;
  /** A file in `directory` that no other database has: of `.pem`, the certificate that a server made. */
  ownFile(extension: string): string;
  /** The socket of a supervisor of this database, which may have several; `name` is its own, and always as long. @throws StoreError */
  controlSocket(name: string): string;
  /** Makes `directory`, for `owner`, where it is missing, but none above it. @throws StoreError 'unavailable' */
  makeDirectory(owner?: { readonly uid: number; readonly gid: number }): void;
  /** Connects now or as soon as it can, and again whenever it must. `away` is called whenever no store answers. */
  watchStore(away: () => void): StoreWatch;
}

/** Whether a store answers on a database. */
export interface StoreWatch {
  /** Resolves when a store has answered for the first time. */
  readonly found: Promise<void>;
  /** Whether one answers now. */
  readonly isThere: boolean;
  close(): void;
}
