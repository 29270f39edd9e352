/** The messages of an account: listed, read, removed and taken back. Calls, names and answers are those of Mailpit's API. */
import { Type } from '@sinclair/typebox';
import type { ShownMail } from '../store/mailboxes.js';
import type { Source } from '../store/source.js';
import { HttpRefusal, json } from './answer.js';
import type { WebContext } from './context.js';
import type { Login } from './login.js';
import { headersShape, messageShape, savedPart, structureOf } from './mail-message.js';
import { partResponse, sourceResponse } from './mail-octets.js';
import { HEADERS, MESSAGE, MESSAGES } from './mail-shapes.js';
import { summaryShape } from './mail-summary.js';
import { defineRoute } from './route.js';

const PAGE_LENGTH = 50;
const PAGE_LIMIT = 200;
/** In one request. */
const IDS_LIMIT = 500;
const LATEST = 'latest';

const ID = Type.String({ pattern: '^([1-9][0-9]{0,14}|latest)$', description: 'or latest: the newest message' });
const IDS = Type.Array(Type.String({ pattern: '^[1-9][0-9]{0,14}$' }), { maxItems: IDS_LIMIT });
const NO_MESSAGE = { 404: { what: 'there is no such message, or not any more' } };

export const listMessages = defineRoute({
  method: 'GET',
  path: '/api/v1/messages',
  summary: 'The messages of the maildrop, newest first',
  access: 'account',
  query: Type.Object({
    start: Type.Integer({ minimum: 0, default: 0, description: 'so many of the newest are passed over' }),
    limit: Type.Integer({ minimum: 0, maximum: PAGE_LIMIT, default: PAGE_LENGTH }),
  }),
  answers: { 200: { what: 'a page of them', schema: MESSAGES } },
  run: async ({ login: { mailbox }, query: { start, limit } }, { store: { mailboxes } }) => {
    const ids = await mailboxes.newestMail(mailbox, { start, limit });
    const messages = (await mailboxes.showMail(mailbox, ids)).map(summaryShape);
    const total = (await mailboxes.countMail(mailbox)) ?? 0;
    const counts = { total, unread: total, count: messages.length, messages_count: total };
    return json({ ...counts, start, tags: [], messages });
  },
});

export const deleteMessages = defineRoute({
  method: 'DELETE',
  path: '/api/v1/messages',
  summary: 'Remove messages, as a mail program does that deletes them; without IDs all of them',
  access: 'account',
  body: Type.Object({ IDs: Type.Optional(IDS) }),
  answers: {
    200: { what: 'ok: those of them that were there are removed, and can be restored for --keep-removed' },
    409: { what: 'a mail program has the maildrop open' },
  },
  run: async ({ login, body: { IDs: ids = [] }, asker }, { store }) => {
    const chosen = ids.length === 0 ? 'all' : ids.map(Number);
    await store.removedMail.removeMailById(login.mailbox, chosen, `${asker.address} by HTTP`);
    return new Response('ok');
  },
});

export const restoreMessages = defineRoute({
  method: 'POST',
  path: '/api/v1/messages/restore',
  summary: 'Take removed messages back, as the newest, with IDs of their own',
  access: 'account',
  body: Type.Object({ IDs: IDS }),
  answers: {
    200: { what: 'how many were still kept', schema: Type.Object({ restored: Type.Integer() }) },
    409: { what: 'there is no room for them' },
  },
  run: async ({ login, body }, { store }) =>
    json({ restored: await store.removedMail.restoreMailById(login.mailbox, body.IDs.map(Number)) }),
});

export const readMessage = defineRoute({
  method: 'GET',
  path: '/api/v1/message/:id',
  summary: 'A message taken apart: its fields, its text, its parts',
  access: 'account',
  params: Type.Object({ id: ID }),
  answers: { 200: { what: 'the message', schema: MESSAGE }, ...NO_MESSAGE },
  run: async ({ login, params }, context) => {
    const { mail, source } = await openMessage(login, params.id, context);
    return json(await messageShape(mail, await structureOf(source)));
  },
});

export const readRaw = defineRoute({
  method: 'GET',
  path: '/api/v1/message/:id/raw',
  summary: 'The octets of a message, as RETR sends them',
  access: 'account',
  params: Type.Object({ id: ID }),
  answers: { 200: { what: 'the octets, as text' }, ...NO_MESSAGE },
  run: async ({ login, params }, context) => {
    const { mail, source } = await openMessage(login, params.id, context);
    return sourceResponse(source, mail.octets);
  },
});

export const readHeaders = defineRoute({
  method: 'GET',
  path: '/api/v1/message/:id/headers',
  summary: 'The header fields of a message, by their names',
  access: 'account',
  params: Type.Object({ id: ID }),
  answers: { 200: { what: 'the values of each field, decoded', schema: HEADERS }, ...NO_MESSAGE },
  run: async ({ login, params }, context) => {
    const { source } = await openMessage(login, params.id, context);
    return json(headersShape(await structureOf(source)));
  },
});

export const readPart = defineRoute({
  method: 'GET',
  path: '/api/v1/message/:id/part/:part',
  summary: 'A part of a message, without its transfer encoding',
  access: 'account',
  params: Type.Object({ id: ID, part: Type.String({ pattern: '^[0-9]{1,3}(\\.[0-9]{1,3}){0,20}$' }) }),
  answers: { 200: { what: 'its octets, for saving' }, ...NO_MESSAGE },
  run: async ({ login, params }, context) => {
    const { mail, source } = await openMessage(login, params.id, context);
    const part = await savedPart(await structureOf(source), params.part);
    if (part === undefined) throw new HttpRefusal(404, 'the message has no such part');
    return partResponse(part, await context.store.mailboxes.readMail(login.mailbox, mail.id));
  },
});

interface OpenMessage {
  readonly mail: ShownMail;
  readonly source: Source;
}

/** @throws HttpRefusal, StoreError 'missing' */
async function openMessage({ mailbox }: Login, id: string, { store }: WebContext): Promise<OpenMessage> {
  const { mailboxes } = store;
  const ids = id === LATEST ? await mailboxes.newestMail(mailbox, { start: 0, limit: 1 }) : [Number(id)];
  const [mail] = await mailboxes.showMail(mailbox, ids);
  if (mail === undefined) throw new HttpRefusal(404, 'there is no such message');
  return { mail, source: await mailboxes.readMail(mailbox, mail.id) };
}
