/** What a server calls itself unless it is told. */
import { hostname } from 'node:os';
import { domainName } from './units.js';

/** The machine's name where it is one that SMTP could use, or localhost. */
export function defaultHostname(): string {
  try {
    return domainName(hostname());
  } catch {
    return 'localhost';
  }
}
