/** A change of the directory, as it travels to the store in JSON. */
import type { NewCredential } from '../../directory.js';
import type { Address, Secrets } from '../../shapes.js';

export type Change =
  | { readonly kind: 'add-account'; readonly address: Address; readonly secrets: Secrets }
  | SetQuota
  | { readonly kind: 'remove-account'; readonly address: Address }
  | { readonly kind: 'set-password'; readonly address: Address; readonly secrets: Secrets }
  | { readonly kind: 'set-enabled'; readonly address: Address; readonly enabled: boolean }
  | { readonly kind: 'add-credential'; readonly address: Address; readonly credential: NewCredential }
  | { readonly kind: 'remove-credential'; readonly address: Address; readonly name: string }
  | { readonly kind: 'add-domain'; readonly name: string }
  | { readonly kind: 'remove-domain'; readonly name: string }
  | { readonly kind: 'add-alias'; readonly address: Address; readonly targets: readonly Address[] }
  | { readonly kind: 'remove-alias'; readonly address: Address; readonly targets: readonly Address[] };

/** The writer's own: it keeps quotas in memory. */
export interface SetQuota {
  readonly kind: 'set-quota';
  readonly address: Address;
  /** Null: no quota. */
  readonly octets: number | null;
}
