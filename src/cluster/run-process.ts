/**
 * How every process under the supervisor begins: the first argument says which row of the table it is. With a second one it
 * becomes that user before it loads anything else: no code that reads a client or opens the database ever runs as root.
 * It ends with the supervisor.
 */
import { become, parseProcessUser } from './control/process-user.js';
import { endWithSupervisor } from './control/orphan-watch.js';
import type { Roles } from './control/role.js';

export async function runProcess(roles: Roles): Promise<void> {
  const [, , name = '', user] = process.argv;
  try {
    if (user !== undefined) become(parseProcessUser(user));
    const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
    if (role === undefined) throw new Error('there is no such kind of process');
    endWithSupervisor(role.orphanGraceMs);
    (await role.load())();
  } catch (error) {
    const sentence = `Cannot begin as ${user ?? name}: ${(error as Error).message}`;
    process.send?.({ kind: 'failed', sentence }, undefined, {}, () => process.exit(1));
  }
}
