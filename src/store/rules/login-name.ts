/**
 * A name as people and programs write it where they log in, and the mailbox that it means. Blanks around it do not count; the
 * domain may be written in its own script or as A-labels (RFC 5890 §2.3.2.1), in any case, and with the dot of the root; the
 * local part may stand in quotes (RFC 5321 §4.1.2). Never refuses: what cannot be a mailbox is a name that nobody has.
 */
import { domainToASCII } from 'node:url';
import type { Account } from '../logins.js';
import { beforeDetail, normalizeLocalPart } from './names.js';

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

/** A local part that names an account, and the credential of one of its devices: `alice+phone`. */
export interface DeviceName {
  readonly account: string;
  readonly device: string;
}

/** Undefined for a local part that names no device. Both names as they are compared. */
export function readDeviceName(local: string): DeviceName | undefined {
  const before = beforeDetail(local);
  return before && { account: before.name, device: normalizeLocalPart(local).slice(before.name.length + 1) };
}

/** Of an account, as a login under the name of a device sees it: that device's password alone, with its own view. */
export function loginOfDevice(account: Account, { device }: DeviceName): Account {
  return {
    ...account,
    ...{ passwordHash: undefined, scram: undefined, hasViews: true },
    credentials: account.credentials.filter(({ name }) => normalizeLocalPart(name) === device),
  };
}

/** As the directory holds it. */
function normalizeDomain(domain: string): string {
  const ascii = ASCII.test(domain) ? domain : domainToASCII(domain);
  return (ascii === '' ? domain : ascii).toLowerCase().replace(/\.$/, '');
}
