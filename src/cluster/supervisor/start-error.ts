/** What kept the server from starting, as one sentence for people. */
export class StartError extends Error {
  /** The exit status that goes with it, of sysexits. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** A process or an address that is not available now. */
export const UNAVAILABLE_STATUS = 69;
/** What the configuration names cannot be used. */
export const MISCONFIGURED_STATUS = 78;
