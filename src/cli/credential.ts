/**
 * `pennypost account credential …`: app passwords, one for each program or device, so that one can be revoked alone and
 * none of them is the account's own. Made by us and shown once; nothing can show one again.
 */
import { isCredentialName } from '../auth/credential-name.js';
import { generatePassword } from '../auth/password.js';
import { appSecretsOf, passwordLoginOf } from '../auth/secrets.js';
import { formatAddress } from '../message/mailbox.js';
import { SCOPES, type Address, type Scope } from '../store/shapes.js';
import { jsonFlag, optionFlags, UsageError } from './command.js';
import type { Command, Flag, Invocation, Operand } from './command.js';
import { exit } from './exit.js';
import { accountAddress, addressOperand } from './operand.js';
import { withExistingStore } from './storage.js';
import { moment, print, printJson, printTable } from './terminal.js';

/** Of mail; those by HTTP are asked for. */
const USUAL_SCOPES: readonly Scope[] = ['pop3', 'smtp'];

const nameOperand: Operand = { name: 'NAME', doc: 'what it is for, such as phone or printer; any case' };

const scopeFlag: Flag = {
  name: 'scope',
  placeholder: 'PROTOCOL,…',
  doc: 'What it may be used for: smtp, pop3, web (to log in to the page), api (for programs that speak HTTP), or several.',
  initial: USUAL_SCOPES.join(),
};

async function add(invocation: Invocation): Promise<number> {
  const account = accountAddress(invocation.operands[0]);
  const credential = { name: credentialName(invocation.operands[1]), scopes: scopes(invocation.text(scopeFlag.name)) };
  const password = generatePassword();
  await withExistingStore(invocation.load().configuration.db, async (store) => {
    const secrets = await appSecretsOf(password, await passwordLoginOf(store, formatAddress(account)));
    await store.directory.addCredential(account, { ...credential, ...secrets });
  });
  await print(
    `Added ${credential.name} to ${formatAddress(account)}, for ${credential.scopes.join(' and ')}.\n` +
      `The password is ${password}\nIt is shown this once; the login is ${formatAddress(account)}.\n` +
      (credential.scopes.includes('pop3') ? `${asDevice(account, credential.name)}\n` : '') +
      (credential.scopes.includes('api') ? `${asToken(account, password)}\n` : ''),
  );
  return exit.fine;
}

/** With another name the same password has a view of its own. */
function asDevice({ local, domain }: Address, name: string): string {
  return `As ${formatAddress({ local: `${local}+${name}`, domain })} what POP3 removes is hidden from that login alone.`;
}

/** What a bearer token is (RFC 6750 §2.1) names its account: as in Basic, of which it is the other half. */
function asToken(account: Address, password: string): string {
  const token = Buffer.from(`${formatAddress(account)}:${password}`).toString('base64');
  return `As a header of HTTP:  Authorization: Bearer ${token}`;
}

async function list(invocation: Invocation): Promise<number> {
  const account = accountAddress(invocation.operands[0]);
  const credentials = await withExistingStore(invocation.load().configuration.db, ({ directory }) =>
    directory.listCredentials(account),
  );
  if (invocation.has(jsonFlag.name)) await printJson(credentials);
  else
    await printTable(
      ['credential', 'scope', 'created', 'last used', 'from'],
      credentials.map((one) => [
        one.name,
        one.scopes.join(),
        moment(one.createdAtMs),
        moment(one.lastUsedAtMs),
        one.lastUsedFrom ?? '-',
      ]),
    );
  return exit.fine;
}

async function remove(invocation: Invocation): Promise<number> {
  const account = accountAddress(invocation.operands[0]);
  const name = credentialName(invocation.operands[1]);
  await withExistingStore(invocation.load().configuration.db, ({ directory }) =>
    directory.removeCredential(account, name),
  );
  await print(`Removed ${name} of ${formatAddress(account)}; its password opens nothing any more.\n`);
  return exit.fine;
}

function credentialName(text = ''): string {
  if (!isCredentialName(text))
    throw new UsageError(`'${text}' is no name for a credential; one looks like phone or 'office printer'`);
  return text;
}

function scopes(text = USUAL_SCOPES.join()): readonly Scope[] {
  const words = text.split(',').map((word) => word.trim().toLowerCase());
  const unknown = words.find((word) => !(SCOPES as readonly string[]).includes(word));
  if (unknown !== undefined)
    throw new UsageError(`--scope takes smtp, pop3, web, api or several with commas, not '${unknown}'`);
  return SCOPES.filter((scope) => words.includes(scope));
}

export const credentialCommands: readonly Command[] = [
  {
    words: 'account credential add',
    summary: 'Make an app password for one program, and show it once.',
    operands: [addressOperand, nameOperand],
    flags: [scopeFlag, ...optionFlags('db')],
    examples: [
      'account credential add alice@localhost phone',
      'account credential add alice@localhost printer --scope smtp',
    ],
    run: add,
  },
  {
    words: 'account credential list',
    summary: 'List the app passwords of an account, and their last use.',
    operands: [addressOperand],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['account credential list alice@localhost', 'account credential list alice@localhost --json'],
    run: list,
  },
  {
    words: 'account credential remove',
    summary: 'Revoke an app password; logins with it fail at once.',
    operands: [addressOperand, nameOperand],
    flags: optionFlags('db'),
    examples: ['account credential remove alice@localhost phone'],
    run: remove,
  },
];
