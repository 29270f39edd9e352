/**
 * Becoming somebody else for good: what a process that was started as root does before it touches mail or a client.
 * Proves that there is no way back; a process that could still be root throws, and must end.
 */

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
}

export const ROOT_UID = 0;

/** Real, effective and saved ids at once. Supplementary groups are those of who started the process. @throws Error */
export function become({ uid, gid }: ProcessUser): void {
  process.setgid?.(gid);
  process.setuid?.(uid);
  const found = [process.getuid?.(), process.geteuid?.(), process.getgid?.(), process.getegid?.()];
  if (found.join() !== [uid, uid, gid, gid].join())
    throw new Error(`the ids are ${found.join()} and not ${uid}:${gid}`);
  if (uid !== ROOT_UID && (canDo(() => process.setuid?.(ROOT_UID)) || canDo(() => process.seteuid?.(ROOT_UID))))
    throw new Error('the process could become root again');
}

/** Its type is missing where the others are. */
const withGroups = process as typeof process & { initgroups?(user: number, extra: number): void };

/** All groups of the user, as root. Of a user without a name nobody knows what else it belongs to. */
export function joinGroups({ uid, gid }: ProcessUser): void {
  try {
    withGroups.initgroups?.(uid, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_CREDENTIAL') throw error;
    process.setgroups?.([gid]);
  }
}

/** How an identity stands on the command line of a process that is to take it on. */
export function formatProcessUser({ uid, gid }: ProcessUser): string {
  return `${uid}:${gid}`;
}

/** @throws Error */
export function parseProcessUser(text: string): ProcessUser {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(text) ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`'${text}' is not a user and a group`);
  return { uid: Number(uid), gid: Number(gid) };
}

function canDo(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
