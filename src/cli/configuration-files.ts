/**
 * What `config check` finds of mail to other servers and of the place of the database: what a server would start with, or only end with
 * later, and what it reads as another user than the one who checks. Makes nothing. Becomes --user for good where root checks for it.
 */
import { accessSync, constants, statSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { readPassword } from '../config/load.js';
import { become, joinGroups, ROOT_UID, type ProcessUser } from '../cluster/control/process-user.js';
import { ownerOfPath } from '../cluster/control/path-owner.js';
import { firstLineOf } from '../runtime/first-line.js';
import { locationOf } from '../store/locations.js';

type Checked = Pick<Configuration, 'db' | 'user' | 'group' | 'outbound' | 'relay' | 'relayPasswordFile'>;

const READABLE_BY_ALL = 0o004;
/** No password has more. */
const LINE_LIMIT_OCTETS = 4_096;

/** A sentence each, without its full stop. */
export async function fileMistakes(configuration: Checked): Promise<readonly string[]> {
  const { db, user, group } = configuration;
  const isMade = isRoot() && ownerOfPath(dirname(locationOf(db).directory)) === undefined;
  const refused = user === undefined || !isRoot() ? undefined : becomeUser(user, group);
  if (refused !== undefined) return [refused];
  return [...placeMistakes(db, isMade), ...(await relayMistakes(configuration))];
}

function isRoot(): boolean {
  return process.geteuid?.() === ROOT_UID;
}

/** With its groups. A sentence, when that cannot be. */
function becomeUser(user: string, group: string | undefined): string | undefined {
  try {
    const found = idsOf(user, group);
    joinGroups(found);
    become(found);
    return undefined;
  } catch (error) {
    return `user ${user} cannot be had here: ${(error as Error).message}`;
  }
}

/** By becoming it for a moment in effect: the system looks it up. */
function idsOf(user: string, group: string | undefined): ProcessUser {
  if (group !== undefined) process.setgid?.(/^\d+$/.test(group) ? Number(group) : group);
  process.seteuid?.(/^\d+$/.test(user) ? Number(user) : user);
  try {
    const uid = process.geteuid?.() ?? ROOT_UID;
    return { uid, gid: group === undefined ? userInfo().gid : (process.getgid?.() ?? 0) };
  } finally {
    process.seteuid?.(ROOT_UID);
  }
}

/** `isMade`: by root, for the user, where it is not there. */
function placeMistakes(db: string, isMade: boolean): readonly string[] {
  const { directory } = locationOf(db);
  const nearest = nearestOf(directory);
  if (nearest !== directory && isMade) return [];
  if (statOf(nearest)?.isDirectory() !== true) return [`db ${db} is in no directory: ${nearest} is none`];
  if (isAllowed(nearest, constants.W_OK | constants.X_OK)) return [];
  return [
    nearest === directory
      ? `db ${db}: ${who()} may make no files in ${directory}; give it to that user, or name another place`
      : `db ${db}: ${directory} is not there, and ${who()} may not make it; make it for that user`,
  ];
}

/** The directory, or the one above it that is there. */
function nearestOf(directory: string): string {
  return statOf(directory) !== undefined || dirname(directory) === directory
    ? directory
    : nearestOf(dirname(directory));
}

/** Of the password too, which it reads as the user of this process. */
export async function relayMistakes({ outbound, relay, relayPasswordFile: file }: Checked): Promise<readonly string[]> {
  const unused =
    outbound === 'off' && relay.length > 0
      ? ['relay is given, and outbound is off: nothing is sent; give outbound=relay']
      : [];
  const wanting = relay.filter(({ user, auth }) => user !== undefined && auth !== 'oauth');
  if (file !== undefined) return [...unused, ...(await passwordMistakes(file))];
  if (wanting.length === 0 || (readPassword('relay') ?? '') !== '') return unused;
  const missing = `relay has the user ${wanting[0]?.user}, and there is no password; give relay-password-file, or the variable PENNYPOST_RELAY_PASSWORD`;
  return [...unused, missing];
}

async function passwordMistakes(file: string): Promise<readonly string[]> {
  const found = statOf(file);
  if (found === undefined)
    return [
      `relay-password-file ${file} is not there, or ${who()} may not look: it has the password in its first line`,
    ];
  if (!found.isFile()) return [`relay-password-file ${file} is no file; name one with the password in its first line`];
  if (!isAllowed(file, constants.R_OK))
    return [`relay-password-file ${file} cannot be read by ${who()}; 'chown' gives it to the server's user`];
  const line = await firstLineOf(file, { limitOctets: LINE_LIMIT_OCTETS }).catch(() => '');
  return [
    ...(line === '' ? [`relay-password-file ${file} has no password in its first line; write it there`] : []),
    ...((found.mode & READABLE_BY_ALL) === 0
      ? []
      : [`relay-password-file ${file} can be read by everybody; 'chmod 600 ${file}' keeps it for the server's user`]),
  ];
}

function who(): string {
  return `user ${process.getuid?.() ?? ''}`;
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Undefined when it is not there, or cannot be reached. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
