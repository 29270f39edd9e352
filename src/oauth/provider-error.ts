import { printableLine } from '../message/printable.js';

/** What the provider says of its failure is cut there. */
const TEXT_LIMIT = 300;

/** Why a provider gave no token, in a clause for people that follows its name: nothing secret stands in it. */
export class ProviderError extends Error {
  /** What was asked is not right, and will not be: who runs this server has to do something. Any other failure passes. */
  readonly isRefused: boolean;
  /** The provider's own word (RFC 6749 §5.2, RFC 8628 §3.5). */
  readonly code: string | undefined;

  constructor(
    text: string,
    { isRefused = false, code }: { readonly isRefused?: boolean; readonly code?: string } = {},
  ) {
    super(text);
    this.isRefused = isRefused;
    this.code = code;
  }
}

/** What a provider, or whoever speaks for it, says: one line, for a terminal and a log. */
export function quoted(text: string): string {
  return printableLine(text).slice(0, TEXT_LIMIT);
}
