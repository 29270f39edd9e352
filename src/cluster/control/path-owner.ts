/**
 * Who decides what a path leads to, besides root. Root that opens a path acts for whoever can plant a link in it; so it asks
 * first, and becomes that user. Links are looked at and not followed blindly, one step after the other.
 */
import { readlinkSync, type Stats } from 'node:fs';
import { join, parse, resolve, sep } from 'node:path';
import { lstatIfThere } from '../../runtime/stats.js';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT_UID = 0;
/** In a user namespace, who has no number in it is shown as this one. */
const OVERFLOW_UID = 65_534;
/** As many as Linux follows. */
const LINKS_LIMIT = 40;

/**
 * The owner of a link on the way that is not root's; else of the directory that is nearest to the file; else of the file itself.
 * Undefined when all of them are root's. What is not there yet belongs to nobody.
 */
export function ownerOfPath(path: string): Owner | undefined {
  let left = steps(resolve(path));
  let at = parse(resolve(path)).root;
  let directory: Owner | undefined;
  for (let links = 0; left.length > 0;) {
    const [step = '', ...behind] = left;
    const found = look(join(at, step));
    if (found === undefined) return directory;
    if (found.isSymbolicLink()) {
      if (found.uid !== ROOT_UID || ++links > LINKS_LIMIT) return found;
      left = [...steps(resolve(at, readlinkSync(join(at, step)))), ...behind];
      at = parse(at).root;
      continue;
    }
    if (!found.isDirectory()) return directory ?? otherThanRoot(found);
    at = join(at, step);
    left = behind;
    if (isAbove(behind) && found.uid === OVERFLOW_UID) continue;
    directory = otherThanRoot(found) ?? directory;
  }
  return directory;
}

function steps(path: string): readonly string[] {
  return path.split(sep).filter((step) => step !== '');
}

/** Whether another directory is between this one and the file. */
function isAbove(behind: readonly string[]): boolean {
  return behind.length > 1;
}

function otherThanRoot({ uid, gid }: Stats): Owner | undefined {
  return uid === ROOT_UID ? undefined : { uid, gid };
}

function look(path: string): Stats | undefined {
  try {
    return lstatIfThere(path);
  } catch {
    return undefined; // What cannot be reached cannot be opened either.
  }
}
