/** Administration where it is used: changes go to the store, everything else is read here. */
import type { Directory } from '../../directory.js';
import type { Mailboxes } from '../../mailboxes.js';
import type { Change } from '../protocol/change.js';
import { FrameType } from '../protocol/frames.js';
import { MailSummaries } from './mail-summaries.js';
import type { ListNeeds } from './message-list.js';
import type { Reader } from './reader.js';
import type { StoreClient } from './store-client.js';

export function directoryOf(client: StoreClient, reader: Reader): Directory {
  const change = async (what: Change): Promise<void> => {
    await client.askJson(FrameType.Change, what);
  };
  return {
    addAccount: (address, hash, scram) => change({ kind: 'add-account', address, secrets: { hash, scram } }),
    removeAccount: (address) => change({ kind: 'remove-account', address }),
    setPassword: (address, hash, scram) => change({ kind: 'set-password', address, secrets: { hash, scram } }),
    setEnabled: (address, enabled) => change({ kind: 'set-enabled', address, enabled }),
    addCredential: (address, credential) => change({ kind: 'add-credential', address, credential }),
    removeCredential: (address, name) => change({ kind: 'remove-credential', address, name }),
    listCredentials: (address) => reader.directory.credentials(address),
    setQuota: (address, quotaOctets) => change({ kind: 'set-quota', address, octets: quotaOctets ?? null }),
    listAccounts: (after = '') => reader.directory.accounts(after),
    addDomain: (name) => change({ kind: 'add-domain', name }),
    removeDomain: (name) => change({ kind: 'remove-domain', name }),
    listDomains: (after) => reader.directory.domains(after),
    addAlias: (address, targets) => change({ kind: 'add-alias', address, targets }),
    removeAlias: (address, targets) => change({ kind: 'remove-alias', address, targets }),
    listAliases: (after = '') => reader.directory.aliases(after),
  };
}

export function mailboxesOf({ reader, slices }: ListNeeds): Mailboxes {
  const mail = new MailSummaries({ reader, slices });
  return {
    countMail: (address) => reader.directory.countMail(address),
    listMail: (address, after) => mail.page(address, after),
    findMail: (address, number) => mail.find(address, number),
    readMail: (address, id) => reader.directory.messageOf(address, id),
  };
}
