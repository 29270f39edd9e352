/**
 * What the supervisor may do as root, and when. With --user it lives as that user: groups and group id are given up for
 * good, the effective user id is the user's, and with it no capability is in effect. Only its real user id stays
 * root's, so that ports below 1024 can be bound for a reload, or for a worker in the place of one that died.
 * It is root in effect only inside `during` (a fork, a key that only root may read), and between `raise` and what that returns; nobody else ever is.
 */
import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { isLoopbackHost } from '../../ip/address.js';
import type { Configuration } from '../../config/configuration.js';
import { locationOf } from '../../store/locations.js';
import { ROOT_UID, formatProcessUser, joinGroups, type ProcessUser } from '../control/process-user.js';
import { ownerOfPath } from '../control/path-owner.js';
import { MISCONFIGURED_STATUS, StartError } from './start-error.js';

type Wanted = Pick<Configuration, 'user' | 'group' | 'db'>;

export class Privileges {
  readonly #user: ProcessUser | undefined;
  #raised = 0;

  private constructor(user: ProcessUser | undefined) {
    this.#user = user;
  }

  /** Gives up all that can be given up. `program` is a file that the user must be able to read. @throws StartError */
  static drop({ user: name, group, db }: Wanted, program: string): Privileges {
    if (name === undefined) {
      if (group !== undefined) throw misconfigured('--group needs --user: only a user can have another group');
      return new Privileges(undefined);
    }
    const mayChange = isRoot();
    const user = find(name, group);
    if (!mayChange) return new Privileges(undefined); // It is that user already.
    if (user.uid === ROOT_UID) throw misconfigured('--user must name somebody other than root');
    const location = locationOf(db);
    if (ownerOfPath(dirname(location.directory)) === undefined) location.makeDirectory(user);
    process.umask(0o077);
    joinGroups(user);
    process.setgid?.(user.gid);
    process.seteuid?.(user.uid);
    location.makeDirectory(); // Where others decide what is above it, nothing is made by root.
    requireReadable(program, name);
    return new Privileges(user);
  }

  /** Whom the other processes are; undefined when that is who started the server. */
  get user(): ProcessUser | undefined {
    return this.#user;
  }

  /** For the moment. */
  get isRaised(): boolean {
    return this.#raised > 0;
  }

  /** For the command line of a process: whom it must become before anything else. */
  get childArguments(): readonly string[] {
    return this.#user === undefined ? [] : [formatProcessUser(this.#user)];
  }

  /** A child that is forked while the user ids differ would not be trusted by its own C library. */
  during<T>(act: () => T): T {
    const lower = this.raise();
    try {
      return act();
    } finally {
      lower();
    }
  }

  /** Root in effect until what is returned has been called, once or more often, by everybody who raised. */
  raise(): () => void {
    if (this.#user === undefined) return () => undefined;
    if (++this.#raised === 1) process.seteuid?.(ROOT_UID);
    let done = false;
    return () => {
      if (done) return;
      done = true;
      if (--this.#raised === 0) process.seteuid?.(this.#user?.uid ?? ROOT_UID);
    };
  }
}

/** Where strangers can connect, nothing is served by root. @throws StartError */
export function refuseRootInPublic(
  { user }: Pick<Configuration, 'user'>,
  addresses: readonly ({ readonly host: string } | { readonly path: string })[],
): void {
  const open = addresses.flatMap((each) => ('host' in each && !isLoopbackHost(each.host) ? [each.host] : []));
  if (open[0] === undefined || user !== undefined || !isRoot()) return;
  throw misconfigured(
    `Root serves nobody but this machine, and ${open[0]} can be reached by others: add --user NAME, ` +
      'which opens the ports and then becomes that user, or start as another user',
  );
}

function isRoot(): boolean {
  return process.geteuid?.() === ROOT_UID;
}

/** By way of the system's own lookup, whatever it is fed from: Node shows the ids of who it has become. @throws StartError */
function find(user: string, group: string | undefined): ProcessUser {
  const gid = group === undefined ? undefined : idAs('group', group, { get: process.getegid, set: process.setegid });
  const primary = { gid: 0 };
  const uid = idAs('user', user, { get: process.geteuid, set: process.seteuid }, () => {
    if (gid === undefined) primary.gid = primaryGroup(user);
  });
  return { uid, gid: gid ?? primary.gid };
}

type Kind = 'user' | 'group';

/** Node's own, where the system has such a thing. */
interface EffectiveId {
  readonly get: (() => number) | undefined;
  readonly set: ((id: string | number) => void) | undefined;
}

/** Becomes it for a moment in effect, and goes back. */
function idAs(kind: Kind, name: string, { get, set }: EffectiveId, meanwhile: () => void = () => undefined): number {
  const before = get?.();
  if (get === undefined || set === undefined || before === undefined)
    throw misconfigured(`--${kind} is not known on this system`);
  try {
    set(/^\d+$/.test(name) ? Number(name) : name);
  } catch (error) {
    throw misconfigured(explain(kind, name, error as NodeJS.ErrnoException));
  }
  try {
    meanwhile();
    return get();
  } finally {
    set(before);
  }
}

function explain(kind: Kind, name: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_UNKNOWN_CREDENTIAL')
    return `There is no ${kind} ${name} on this machine; make it, or name another with --${kind}`;
  if (code === 'EPERM') return `Only root can become the ${kind} ${name}: start as root, or without --${kind}`;
  return `--${kind} ${name} cannot be used: ${message}`;
}

function primaryGroup(user: string): number {
  try {
    return userInfo().gid;
  } catch {
    throw misconfigured(`The user ${user} has no entry among this machine's users, so --group must be given too`);
  }
}

function requireReadable(program: string, user: string): void {
  try {
    accessSync(program, constants.R_OK);
  } catch {
    throw misconfigured(
      `The user ${user} cannot read the program in ${dirname(program)}: install it where every user can read it`,
    );
  }
}

function misconfigured(sentence: string): StartError {
  return new StartError(sentence, MISCONFIGURED_STATUS);
}
