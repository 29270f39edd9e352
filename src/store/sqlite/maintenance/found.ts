/** What a check finds, before it is known whose mail it is. */
import { StoreError } from '../../errors.js';

export interface Found {
  readonly what: string;
  readonly mendable: boolean;
  /** Whose octets it is about: every message that points there has it. */
  readonly body?: number;
  readonly message?: MessagePlace;
}

export interface MessagePlace {
  readonly account: number;
  readonly uid: number;
  /** Undefined where its row cannot be read. */
  readonly body: number | undefined;
}

/** What a read gives, or the sentence that it was refused with: a damaged page is a finding. Bugs are thrown. */
export function readable<T>(read: () => T): { readonly value: T } | { readonly refused: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { refused: error.cause instanceof Error ? error.cause.message : error.message };
  }
}
