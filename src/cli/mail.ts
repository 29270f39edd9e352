/**
 * `pennypost mail …`: looks into a maildrop without locking it, and delivers a message by hand.
 * `show` prints exactly the octets that RETR would send to a file or a pipe; a terminal gets no control characters.
 */
import { open } from 'node:fs/promises';
import { formatAddress } from '../message/mailbox.js';
import { PrintableDecoder } from '../message/printable.js';
import type { MailSummary } from '../store/mailboxes.js';
import { each } from '../store/source.js';
import { deliver } from './delivery.js';
import { jsonFlag, optionFlags, type Command, type Flag, type Invocation, type Operand } from './command.js';
import { exit, Refusal } from './exit.js';
import { printList, printListAsJson } from './listing.js';
import { mailTable, shownMail } from './mail-table.js';
import { address, addressOperand, envelopeAddress, messageNumber, NULL_PATH, reversePath } from './operand.js';
import { outboundInForce } from './outbound-configuration.js';
import { withExistingStore } from './storage.js';
import { isTerminal, print } from './terminal.js';

const numberOperand: Operand = { name: 'NUMBER', doc: "a message's number, as 'mail list' shows it" };

const fromFlag: Flag = {
  name: 'from',
  placeholder: 'ADDRESS',
  doc: `The envelope sender: postmaster of --domain unless told; '${NULL_PATH}' for none.`,
};

const fileFlag: Flag = {
  name: 'file',
  placeholder: 'FILE',
  doc: 'The message, headers first; standard input unless told. Lines may end with LF or CRLF.',
};

async function list(invocation: Invocation): Promise<number> {
  const owner = address(invocation.operands[0]);
  await withExistingStore(invocation.load().configuration.db, ({ mailboxes }) => {
    const pages = (after?: MailSummary) => mailboxes.listMail(owner, after);
    return invocation.has(jsonFlag.name) ? printListAsJson(pages, shownMail) : printList(pages, mailTable);
  });
  return exit.fine;
}

async function show(invocation: Invocation): Promise<number> {
  const [text = ''] = invocation.operands;
  const owner = address(text);
  const number = messageNumber(invocation.operands[1]);
  await withExistingStore(invocation.load().configuration.db, async ({ mailboxes }) => {
    const found = await mailboxes.findMail(owner, number);
    if (found === undefined)
      throw new Refusal(`${text} has no message ${number}; 'pennypost mail list ${text}' shows what there is.`);
    const printable = process.stdout.isTTY ? new PrintableDecoder() : undefined;
    for await (const piece of each(await mailboxes.readMail(owner, found.id)))
      await print(printable?.pass(piece) ?? piece);
    if (printable !== undefined) await print(printable.end());
  });
  return exit.fine;
}

async function send(invocation: Invocation): Promise<number> {
  const recipients = invocation.operands.map((operand) => envelopeAddress(operand).address);
  const from = invocation.text(fromFlag.name);
  const { configuration } = invocation.load();
  const sender = reversePath(from ?? `postmaster@${configuration.domain}`);
  const message = await openMessage(invocation.text(fileFlag.name));
  const inForce = await outboundInForce(invocation);
  const submission = { reversePath: sender, recipients, message };
  await withExistingStore(configuration.db, (store) => deliver(store, submission, { ...configuration, ...inForce }));
  await print(`Accepted for ${recipients.map(formatAddress).join(', ')}.\n`);
  return exit.fine;
}

const sendOptions = [
  'db',
  'domain',
  'hostname',
  'maxMessageSize',
  'outbound',
  'relay',
  'queueLifetime',
  'delayWarning',
] as const;

/** Opened before the store: a file that is not there changes nothing. */
async function openMessage(file: string | undefined): Promise<AsyncIterable<Buffer>> {
  if (file !== undefined) return (await open(file)).createReadStream();
  if (isTerminal()) process.stderr.write('Type the message: headers, an empty line, text; Control-D ends it.\n');
  return process.stdin;
}

export const mailCommands: readonly Command[] = [
  {
    words: 'mail list',
    summary: "List an account's messages.",
    operands: [addressOperand],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['mail list alice@localhost'],
    run: list,
  },
  {
    words: 'mail show',
    summary: 'Print one message, as RETR would send it.',
    operands: [addressOperand, numberOperand],
    flags: optionFlags('db'),
    examples: ['mail show alice@localhost 1'],
    run: show,
  },
  {
    words: 'mail send',
    summary: 'Deliver a message from standard input or --file, as SMTP would.',
    operands: [{ ...addressOperand, repeats: true }],
    flags: [fromFlag, fileFlag, ...optionFlags(...sendOptions)],
    examples: [
      'mail send alice@localhost < hello.eml',
      'mail send --from bob@example.org --file hello.eml alice@localhost',
    ],
    run: send,
  },
];
