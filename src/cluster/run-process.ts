/**
 * How every process under the supervisor begins: the first argument says which row of the table it is. With a second one it
 * becomes that user before it loads anything else: no code that reads a client or opens the database ever runs as root.
 * It ends with the supervisor.
 */
import { become, readIdentity } from './control/process-user.js';
import { endWithSupervisor } from './control/orphan-watch.js';
import type { Roles } from './control/role.js';

export async function runProcess(roles: Roles): Promise<void> {
  const [, , name = '', identity] = process.argv;
  try {
    if (identity !== undefined) become(readIdentity(identity));
    const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
    if (role === undefined) throw new Error('there is no such kind of process');
    endWithSupervisor(role.orphanGraceMs);
    (await role.load())();
  } catch (error) {
    const sentence = `Cannot begin as ${identity ?? name}: ${(error as Error).message}`;
    process.send?.({ kind: 'failed', sentence }, undefined, {}, () => process.exit(1));
  }
}
