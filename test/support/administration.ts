/**
 * What commands do to a running server, done in the process of the tests: a command is a process of its own, and costs more than
 * most of what is asked between two accounts or two looks. The commands themselves are tested in test/cli and test/cluster.
 */
import { passwordLoginOf, secretsOf } from '../../src/auth/secrets.js';
import { accountAddress } from '../../src/cli/operand.js';
import { NOTHING, serverOn } from '../../src/cli/status.js';
import { json } from '../../src/cli/terminal.js';
import { formatAddress } from '../../src/message/mailbox.js';
import { driverOf } from '../../src/store/open.js';
import type { CorpusMessage } from './corpus.js';
import { allPieces } from './sources.js';

export interface Status {
  readonly supervisor: { readonly pid: number } | null;
  readonly store: { readonly pid: number } | null;
  readonly workers: readonly { readonly pid: number; readonly sessions: number }[];
  readonly processes: readonly {
    readonly role: string;
    readonly pid: number;
    readonly state: string;
    readonly restarts: number;
    readonly counts?: Readonly<Record<string, number>>;
  }[];
  readonly listeners: readonly { readonly protocol: string; readonly host: string; readonly port: number }[];
  readonly messagesAccepted: number;
  readonly walBytes: number;
  readonly queue: Readonly<Record<string, number | null>> | null;
  readonly db: string;
  readonly file: string | null;
  readonly healthy: boolean;
  readonly problems: readonly string[];
}

const PRIVATE_UMASK = 0o077;
const CRLF_BYTES = 2;

/** An account as `account add` makes it. */
export async function accountIn(db: string, name: string, password: string): Promise<void> {
  const address = accountAddress(name);
  const mask = process.umask(PRIVATE_UMASK); // As opening does, for good; a command's ends with it.
  const store = await driverOf(db).open(db);
  try {
    const { hash, scram } = await secretsOf(password, await passwordLoginOf(store, formatAddress(address)));
    await store.directory.addAccount(address, hash, scram);
  } finally {
    process.umask(mask);
    await store.close();
  }
}

/** Messages of an account that is made for them. The end of the last line of every other one is left to RETR. */
export async function mailIn(db: string, name: string, messages: readonly CorpusMessage[]): Promise<void> {
  await accountIn(db, name, 'secret');
  const store = await driverOf(db).open(db);
  const trace = Buffer.alloc(0);
  try {
    const account = (await store.findLogin(name))?.id ?? -1;
    for (const [at, { octets, receivedAtMs, from }] of messages.entries()) {
      const recipients = [{ kind: 'local', account, recipient: name, trace } as const];
      const delivery = store.deliver({ reversePath: from, receivedAtMs, recipients });
      const isLeft = at % 2 === 1 && !octets.subarray(0, -CRLF_BYTES).toString('latin1').endsWith('\n');
      await delivery.write(isLeft ? octets.subarray(0, -CRLF_BYTES) : octets);
      await delivery.commit();
    }
  } finally {
    await store.close();
  }
}

/** What there is of a message; two that came the same way are equal. */
export interface StoredMail {
  /** As Latin-1. */
  readonly octets: string;
  readonly uidl: string;
  readonly receivedAtMs: number;
  readonly reversePath: string;
}

export async function mailOf(db: string, name: string): Promise<readonly StoredMail[]> {
  const address = accountAddress(name);
  const store = await driverOf(db).open(db);
  const { mailboxes } = store;
  try {
    const found: StoredMail[] = [];
    for (
      let page = await mailboxes.listMail(address);
      page.length > 0;
      page = await mailboxes.listMail(address, page.at(-1))
    )
      for (const { id, uidl, receivedAtMs, reversePath } of page) {
        const octets = Buffer.concat(await allPieces(mailboxes.readMail(address, id))).toString('latin1');
        found.push({ octets, uidl, receivedAtMs, reversePath });
      }
    return found;
  } finally {
    await store.close();
  }
}

/** What `status --json` shows, which is as much as there is: see status.ts. */
export async function statusOf(db: string): Promise<Status> {
  return JSON.parse(json((await serverOn(db)) ?? NOTHING)) as Status;
}
