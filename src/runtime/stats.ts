/**
 * stat(2) and lstat(2) of a path where nothing may be: undefined. That is so too where a file stands in the place of a
 * directory on the way, for which `throwIfNoEntry: false` throws on Node 24 and not on Node 20. All other failures are thrown.
 */
import { lstatSync, statSync, type Stats } from 'node:fs';

export function statIfThere(path: string): Stats | undefined {
  return ifThere(() => statSync(path, { throwIfNoEntry: false }));
}

/** Of a link itself, wherever it leads. */
export function lstatIfThere(path: string): Stats | undefined {
  return ifThere(() => lstatSync(path, { throwIfNoEntry: false }));
}

function ifThere(look: () => Stats | undefined): Stats | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
