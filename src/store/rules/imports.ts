/** Which UIDLs a message may keep that comes from elsewhere. */

/** RFC 1939 §7. */
const UIDL = /^[\x21-\x7e]{1,70}$/;

/** Not one that a message of the account's own could have: its validity stamp, a dot and a number. */
export function mayKeepUidl(uidl: string, validity: string): boolean {
  return UIDL.test(uidl) && !uidl.startsWith(`${validity}.`);
}
