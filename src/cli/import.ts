/**
 * `pennypost import`: mail of another program or server into an account. What it is, is told by what it holds. It may be ended at any
 * time, and run again: what is there already stays, and the rest follows.
 */
import type { FoundMail } from '../formats/found.js';
import { SideFile } from '../formats/side-file-reader.js';
import { formatAddress } from '../message/mailbox.js';
import { printableLine } from '../message/printable.js';
import { StoreError } from '../store/errors.js';
import type { Address } from '../store/shapes.js';
import { optionFlags, type Command, type Flag, type Invocation, type Operand } from './command.js';
import { exit, Interruption, Refusal } from './exit.js';
import { Importer, keyOfName } from '../import/importer.js';
import { sourceFailure, sourceFlags, sourceOf } from './import-source.js';
import { interruptible } from './interruption.js';
import { accountAddress, addressOperand } from './operand.js';
import { Progress } from './progress.js';
import { withExistingStore, type Administration } from './storage.js';
import { counted, print } from './terminal.js';

const sourceOperand: Operand = {
  name: 'FILE',
  doc: 'an mbox, a maildir, .eml files, a zip file of them, or pop3s://user@host of another server',
};

const keepUidlFlag: Flag = { name: 'keep-uidl', placeholder: '', doc: 'Keep the UIDLs that messages have there.' };
const quotaFlag: Flag = { name: 'ignore-quota', placeholder: '', doc: 'Import more than the account may hold.' };

/** More of those that are left out are only counted. */
const LEFT_OUT_LINES = 20;

async function run(invocation: Invocation): Promise<number> {
  const owner = accountAddress(invocation.operands[0]);
  const open = await sourceOf(invocation, owner);
  const { db, maxMessageSize: maxOctets } = invocation.load().configuration;
  const keepsUidls = invocation.has(keepUidlFlag.name);
  const ignoresQuota = invocation.has(quotaFlag.name);
  return withExistingStore(db, async (store) => {
    const account = await accountOf(store, owner);
    const { mailboxes } = store;
    const mail = await open(async (names) => mailboxes.findImported(owner, names.map(keyOfName)));
    const side = mail.side && new SideFile(mail.side);
    const leftOut = new LeftOut();
    const importer = new Importer({
      ...{ store, mailboxes, owner, account, address: formatAddress(owner), side },
      ...{ keepsUidls, ignoresQuota, maxOctets, leftOut: (place, why) => leftOut.add(place, why) },
    });
    try {
      await importAll(mail, importer);
    } catch (error) {
      throw refusalOf(sourceFailure(error, invocation.operands[1]), owner);
    } finally {
      await side?.close();
      await print(said({ importer, owner, mail, leftOut: leftOut.count }));
    }
    return leftOut.count === 0 ? exit.fine : exit.refused;
  });
}

/** What is durable is told to where it came from, whatever ends it. */
async function importAll(mail: FoundMail, importer: Importer): Promise<void> {
  try {
    await interruptible((signal) => importEach(mail, importer, signal));
  } finally {
    await mail.close();
  }
}

async function importEach(mail: FoundMail, importer: Importer, signal: AbortSignal): Promise<void> {
  const progress = await Progress.begin({ what: 'messages read', total: mail.bytes });
  try {
    for await (const message of mail.messages()) {
      if (signal.aborted) throw new Interruption('the same command goes on where it was.');
      await importer.add(message);
      progress.add(1, message.bytes);
    }
  } finally {
    progress.end();
    await importer.end();
  }
}

async function accountOf(store: Administration, owner: Address): Promise<number> {
  const text = formatAddress(owner);
  const found = await store.findLogin(text);
  if (found === undefined) throw new Refusal(`There is no account ${text}; 'pennypost account add ${text}' makes it.`);
  return found.id;
}

class LeftOut {
  count = 0;

  add(place: string, why: string): void {
    this.count += 1;
    if (this.count > LEFT_OUT_LINES) return;
    process.stderr.write(`pennypost: ${printableLine(`${place} is left out: ${why}`)}.\n`);
  }
}

interface Done {
  readonly importer: Importer;
  readonly owner: Address;
  readonly mail: FoundMail;
  readonly leftOut: number;
}

function said({ importer, owner, mail, leftOut }: Done): string {
  const before = importer.known + (mail.passedOver ?? 0);
  const known = before === 0 ? '' : `; ${before} had come before`;
  const rest = leftOut === 0 ? '' : `; ${leftOut} left out`;
  return `Imported ${counted(importer.imported, 'message')} into ${formatAddress(owner)} from ${printableLine(mail.kind)}${known}${rest}.\n`;
}

function refusalOf(error: unknown, owner: Address): unknown {
  if (!(error instanceof StoreError) || error.kind !== 'over-quota') return error;
  const text = formatAddress(owner);
  return new Refusal(
    `${text} may hold no more. Raise its quota ('pennypost account quota ${text} SIZE') or give --ignore-quota, and import again: it goes on where it was.`,
  );
}

export const importCommands: readonly Command[] = [
  {
    words: 'import',
    summary: 'Bring mail of another program or server into an account.',
    operands: [addressOperand, sourceOperand],
    flags: [
      ...[sourceFlags.format, keepUidlFlag, quotaFlag, sourceFlags.passwordFile, sourceFlags.delete],
      ...optionFlags('db', 'maxMessageSize'),
    ],
    examples: [
      'import alice@localhost alice.mbox',
      'import alice@localhost Maildir --keep-uidl',
      'import alice@localhost pop3s://alice@mail.example.org --password-file secret',
    ],
    run,
  },
];
