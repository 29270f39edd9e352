/**
 * A name as people and programs write it where they log in, and the mailbox that it means. Blanks around it do not count; the
 * domain may be written in its own script or as A-labels (RFC 5890 §2.3.2.1), in any case, and with the dot of the root; the
 * local part may stand in quotes (RFC 5321 §4.1.2). Never refuses: what cannot be a mailbox is a name that nobody has.
 */
import { domainToASCII } from 'node:url';

export interface LoginName {
  /** Unquoted, and as given. */
  readonly local: string;
  /** Undefined for a name without one, which means the first domain. */
  readonly domain: string | undefined;
}

const QUOTED = /^"((?:[^"\\]|\\.)*)"(?:@(.*))?$/s;
// eslint-disable-next-line no-control-regex -- ASCII is what it asks for
const ASCII = /^[\x00-\x7f]*$/;

export function readLoginName(text: string): LoginName {
  const name = text.trim();
  const [, quoted, behind] = QUOTED.exec(name) ?? [];
  if (quoted !== undefined)
    return { local: quoted.replace(/\\(.)/gs, '$1'), domain: behind && normalizeDomain(behind) };
  const at = name.lastIndexOf('@');
  if (at === -1) return { local: name, domain: undefined };
  return { local: name.slice(0, at), domain: normalizeDomain(name.slice(at + 1)) };
}

/** As the directory holds it. */
function normalizeDomain(domain: string): string {
  const ascii = ASCII.test(domain) ? domain : domainToASCII(domain);
  return (ascii === '' ? domain : ascii).toLowerCase().replace(/\.$/, '');
}
