/**
 * Root works on somebody else's database as its owner: a file that root made beside it would lock the service out.
 * Does nothing for anybody but root, and there is no way back: what follows in this process is done as the owner.
 */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { become, ROOT_UID } from '../cluster/identity.js';

/** The owner of the file; where it is still to be made, of its directory. */
export function becomeOwnerOf(db: string): void {
  if (process.geteuid?.() !== ROOT_UID) return;
  const path = resolve(db);
  const found = statSync(path, { throwIfNoEntry: false }) ?? statSync(dirname(path), { throwIfNoEntry: false });
  if (found === undefined || found.uid === ROOT_UID) return;
  process.setgroups?.([found.gid]);
  become(found);
}
