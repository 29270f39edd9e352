/** One RCPT that was accepted: the forward-path as given, what it leads to, and what is to be reported of it. */
import type { Target } from '../store/deliveries.js';
import type { NotifyOn } from '../store/shapes.js';

export interface Recipient {
  readonly text: string;
  readonly targets: readonly Target[];
  /** NOTIFY (RFC 3461 §4.1). */
  readonly notify?: readonly NotifyOn[] | undefined;
  /** ORCPT (RFC 3461 §4.2), as it was given. */
  readonly originalRecipient?: string | undefined;
}
