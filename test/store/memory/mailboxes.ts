/** Administration's look at messages in the store in memory. What is found is looked for in every message anew. */
import { ccOf, summarize } from '../../../src/message/summary.js';
import { decodeText } from '../../../src/message/text.js';
import { StoreError } from '../../../src/store/errors.js';
import type {
  Mailboxes,
  MailPage,
  MailPhrase,
  MailQuery,
  MailSummary,
  PageRange,
  ShownMail,
} from '../../../src/store/mailboxes.js';
import { addressText } from '../../../src/store/rules/names.js';
import { refusals } from '../../../src/store/rules/refusals.js';
import type { Address } from '../../../src/store/shapes.js';
import type { Account, Message } from './data.js';
import { infoOf, readMessage } from './maildrop.js';
import type { MemoryStore } from './store.js';

const PAGE_LENGTH = 256;

export function mailboxesOf(store: MemoryStore): Mailboxes {
  const accountOf = (address: Address): Account => {
    const found = store.data.byAddress.get(addressText(address));
    if (found === undefined) throw new StoreError('missing', refusals.noAccount(addressText(address)));
    return found;
  };
  return {
    countMail: (address) => store.answers(() => store.data.byAddress.get(addressText(address))?.messages.length),
    listMail: (address, after) =>
      store.answers(() => {
        const account = accountOf(address);
        const behind = account.messages.filter(({ uid }) => uid > (after?.id ?? 0)).slice(0, PAGE_LENGTH);
        return behind.map((message, at) => summaryOf(account, message, (after?.number ?? 0) + at + 1));
      }),
    newestMail: (address, { start, limit }) =>
      store.answers(() => {
        const uids = accountOf(address).messages.map(({ uid }) => uid);
        return uids.toReversed().slice(start, start + Math.min(limit, PAGE_LENGTH));
      }),
    showMail: async (address, ids) => {
      const account = await store.answers(() => accountOf(address));
      const there = ids.flatMap((id) => account.messages.find(({ uid }) => uid === id) ?? []);
      return Promise.all(there.map(shownOf));
    },
    findMail: (address, number) =>
      store.answers(() => {
        const account = accountOf(address);
        const message = account.messages[number - 1];
        return message && summaryOf(account, message, number);
      }),
    findImported: (address, keys) =>
      store.answers(() => {
        const account = accountOf(address);
        return keys.map((key) => store.data.importedAtMs(account, key));
      }),
    readMail: (address, id) => readMessage(store, accountOf(address), id),
    searchMail: async (address, query, range) => search(await store.answers(() => accountOf(address)), query, range),
    countUnindexed: () => store.answers(() => 0),
    indexMail: async () => store.answers(() => undefined),
  };
}

function summaryOf(account: Account, message: Message, number: number): MailSummary {
  const { from, to, subject } = summarize(message.body.octets);
  return {
    ...infoOf(account, message),
    number,
    receivedAtMs: message.receivedAtMs,
    reversePath: message.reversePath,
    from,
    to,
    subject,
  };
}

async function shownOf({ uid, body, octets, receivedAtMs }: Message): Promise<ShownMail> {
  const { decodes, headerOctets, from, to, subject, messageId } = summarize(body.octets);
  const decoded = decodes ? await decodeText(body.octets) : undefined;
  const text = decodes ? decoded?.text : body.octets.toString('utf8', headerOctets);
  return {
    ...{ id: uid, octets, receivedAtMs, from, to, cc: ccOf(body.octets), subject, messageId },
    ...{ hasAttachments: decoded?.hasAttachments ?? false, beginning: text?.slice(0, 500) },
  };
}

/** What is looked at for a page: little, so that pages without an entry come too. */
const LOOKED_AT = 3;

async function search(account: Account, query: MailQuery, range: PageRange): Promise<MailPage> {
  const { before = Infinity, limit } = range;
  const numbered = account.messages.map((message, at) => ({ message, number: at + 1 })).toReversed();
  const looked = numbered.filter(({ message }) => message.uid < before).slice(0, LOOKED_AT);
  const entries: MailSummary[] = [];
  for (const { message, number } of looked) {
    if (entries.length === limit) return { entries, next: (entries.at(-1) as MailSummary).id };
    if (await isMeant(message, query)) entries.push(summaryOf(account, message, number));
  }
  return { entries, next: looked.length === LOOKED_AT ? looked.at(-1)?.message.uid : undefined };
}

async function isMeant({ body, octets, receivedAtMs }: Message, query: MailQuery): Promise<boolean> {
  const { decodes, headerOctets, ...fields } = summarize(body.octets);
  const decoded = decodes ? await decodeText(body.octets) : undefined;
  const texts = {
    ...fields,
    cc: ccOf(body.octets),
    text: decodes ? decoded?.text : body.octets.toString('utf8', headerOctets),
  };
  const has = ({ field, text }: MailPhrase) =>
    wordsOf(text) !== '' &&
    (field === undefined ? (['from', 'to', 'cc', 'subject', 'text'] as const) : [field]).some((name) =>
      ` ${wordsOf(texts[name] ?? '')} `.includes(` ${wordsOf(text)} `),
    );
  const { all, none, hasAttachment, fromMs = 0, beforeMs = Infinity } = query;
  const { moreThanOctets = -1, lessThanOctets = Infinity } = query;
  return (
    all.every((phrases) => phrases.some(has)) &&
    !none.some(has) &&
    (hasAttachment === undefined || hasAttachment === (decoded?.hasAttachments ?? false)) &&
    receivedAtMs >= fromMs &&
    receivedAtMs < beforeMs &&
    octets > moreThanOctets &&
    octets < lessThanOctets
  );
}

function wordsOf(text: string): string {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return (plain.match(/[\p{L}\p{N}\p{Co}]+/gu) ?? []).join(' ');
}
