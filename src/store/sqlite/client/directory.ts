/** Administration where it is used: changes go to the store, everything else is read here. */
import type { Directory } from '../../directory.js';
import type { Mailboxes } from '../../mailboxes.js';
import type { ChangeName } from '../protocol/change.js';
import { MailSearcher } from './mail-searcher.js';
import { MailSummaries } from './mail-summaries.js';
import { NewestMail } from './newest-mail.js';
import type { MessageListOptions } from './message-list.js';
import type { Reader } from './reader.js';
import type { StoreClient } from './store-client.js';

export function directoryOf(client: StoreClient, reader: Reader): Directory {
  /** Sends what it is given. */
  const sent =
    <Name extends ChangeName & keyof Directory>(change: Name) =>
    async (...given: Parameters<Directory[Name]>): Promise<void> => {
      await client.change(change, ...given);
    };
  return {
    addAccount: sent('addAccount'),
    removeAccount: sent('removeAccount'),
    setPassword: sent('setPassword'),
    setEnabled: sent('setEnabled'),
    setExpiry: sent('setExpiry'),
    setDomainExpiry: sent('setDomainExpiry'),
    setKeepsMail: sent('setKeepsMail'),
    setQuota: sent('setQuota'),
    setRecipientLimits: sent('setRecipientLimits'),
    findRecipientUse: (address) => reader.recipientUse(reader.directory.accountId(address)),
    setForward: sent('setForward'),
    renameAccount: sent('renameAccount'),
    addCredential: sent('addCredential'),
    removeCredential: sent('removeCredential'),
    listCredentials: (address) => reader.directory.credentials(address),
    listAccounts: (after = '') => reader.directory.accounts(after),
    addDomain: sent('addDomain'),
    removeDomain: sent('removeDomain'),
    addDomainAlias: sent('addDomainAlias'),
    setDomainQuota: sent('setDomainQuota'),
    listDomains: (after) => reader.directory.domains(after),
    addAlias: sent('addAlias'),
    removeAlias: sent('removeAlias'),
    listAliases: (after = '') => reader.directory.aliases(after),
  };
}

export function mailboxesOf(client: StoreClient, { reader, slices }: MessageListOptions): Mailboxes {
  const search = new MailSearcher(reader);
  const [mail, newest] = [new MailSummaries({ reader, slices }), new NewestMail({ reader, slices })];
  return {
    countMail: (address) => reader.directory.countMail(address),
    listMail: (address, after) => mail.page(address, after),
    newestMail: (address, range) => newest.page(address, range),
    showMail: (address, ids) => newest.show(address, ids),
    findMail: (address, number) => mail.find(address, number),
    findImported: (address, keys) => reader.directory.imported(address, keys),
    readMail: (address, id) => reader.directory.messageOf(address, id),
    searchMail: (address, query, range) => search.page(address, query, range),
    countUnindexed: () => search.unindexed(),
    async indexMail(anew) {
      await client.change('indexMail', anew);
    },
  };
}
