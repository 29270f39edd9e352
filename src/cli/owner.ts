/**
 * Root works on somebody else's database as that user: a file that root made beside it would lock the service out, and a link
 * that the service planted there would lead root elsewhere. Does nothing for anybody but root, and there is no way back: what
 * follows in this process is done as the owner.
 */
import { become, ROOT_UID } from '../cluster/control/process-user.js';
import { ownerOfPath } from '../cluster/control/path-owner.js';
import { locationOf } from '../store/locations.js';
import { Refusal } from './exit.js';

/** @throws Refusal when this process cannot become the owner */
export function becomeOwnerOf(db: string): void {
  if (process.geteuid?.() !== ROOT_UID) return;
  const { file, directory } = locationOf(db);
  const owner = ownerOfPath(file ?? directory);
  if (owner === undefined) return;
  try {
    process.setgroups?.([owner.gid]);
    become(owner);
  } catch (error) {
    throw new Refusal(`${db} is for user ${owner.uid}, whom this process cannot become: ${(error as Error).message}`);
  }
}
