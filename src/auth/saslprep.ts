/** SASLprep (RFC 4013) by a kept library. Its table is large, and few texts ask for it: it is loaded with the first that does. */
import { createRequire } from 'node:module';
import type * as Library from '@mongodb-js/saslprep';

/** What SASLprep leaves as it is. */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

const require = createRequire(import.meta.url);

/** @throws Error for what RFC 4013 prohibits */
export function saslprep(text: string, options?: { readonly allowUnassigned: boolean }): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  const library = require('@mongodb-js/saslprep') as typeof Library;
  return library.saslprep(text, options);
}
