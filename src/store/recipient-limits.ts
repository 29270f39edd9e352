/** How many recipients in other domains one who has logged in may send to, so that one stolen password is no spam run. */

/** Undefined: any number. */
export interface RecipientLimits {
  readonly perHour?: number | undefined;
  readonly perDay?: number | undefined;
}

/** What an administrator has said of one account. `default`: as the server is configured, as at first. */
export type OwnLimit = number | 'none' | 'default';

export interface OwnLimits {
  readonly perHour: OwnLimit;
  readonly perDay: OwnLimit;
}

/**
 * What an account has sent to of late, and what it has held until a time that is as near. Each recipient counts when it is queued, or for
 * when it is held until, whatever becomes of it.
 */
export interface RecipientUse {
  readonly lastHour: number;
  readonly lastDay: number;
  readonly own: OwnLimits;
}
