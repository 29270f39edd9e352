/** How calls show mail: in the names of Mailpit's API, so that what was written for that works with a maildrop. */
import { Type, type Static } from '@sinclair/typebox';

const ADDRESS = Type.Object({ Name: Type.String(), Address: Type.String() });
const ADDRESSES = Type.Array(ADDRESS);
const TIME = Type.String({ format: 'date-time' });

export const SUMMARY = Type.Object({
  ID: Type.String({ description: 'grows from message to message of the account' }),
  MessageID: Type.String({ description: 'of its header' }),
  Read: Type.Boolean(),
  From: Type.Union([ADDRESS, Type.Null()]),
  To: ADDRESSES,
  Cc: Type.Array(ADDRESS, { description: 'in lists, of messages that are in the index' }),
  Bcc: ADDRESSES,
  ReplyTo: Type.Array(ADDRESS, { description: 'empty in lists' }),
  Subject: Type.String(),
  Created: Type.String({ format: 'date-time', description: 'when it came' }),
  Username: Type.String({ description: 'always empty' }),
  Tags: Type.Array(Type.String(), { description: 'always empty' }),
  Size: Type.Integer({ description: 'octets, as RETR sends them' }),
  Attachments: Type.Integer({ description: 'in lists 1 or 0: some, or none' }),
  Snippet: Type.String({ description: 'how its text begins' }),
});

export const MESSAGES = Type.Object({
  total: Type.Integer({ description: 'messages of the maildrop' }),
  unread: Type.Integer(),
  count: Type.Integer({ description: 'messages in this answer' }),
  messages_count: Type.Integer({ description: 'what pages can be asked of' }),
  start: Type.Integer(),
  tags: Type.Array(Type.String()),
  messages: Type.Array(SUMMARY),
});

const PART = Type.Object({
  PartID: Type.String(),
  FileName: Type.String(),
  ContentType: Type.String(),
  ContentID: Type.String(),
  Size: Type.Integer({ description: 'octets, about so many where the encoding is not base64' }),
});

export const MESSAGE = Type.Object({
  ID: Type.String(),
  MessageID: Type.String(),
  From: Type.Union([ADDRESS, Type.Null()]),
  To: ADDRESSES,
  Cc: ADDRESSES,
  Bcc: ADDRESSES,
  ReplyTo: ADDRESSES,
  ReturnPath: Type.String(),
  Subject: Type.String(),
  Date: TIME,
  Username: Type.String(),
  Tags: Type.Array(Type.String()),
  Text: Type.String({ description: 'of HTML alone, what is left of it without its tags' }),
  HTML: Type.String({ description: 'as it was sent: not safe to show as it is' }),
  Size: Type.Integer(),
  Inline: Type.Array(PART),
  Attachments: Type.Array(PART),
});

export const HEADERS = Type.Record(Type.String(), Type.Array(Type.String()));

export type SummaryShape = Static<typeof SUMMARY>;
export type MessageShape = Static<typeof MESSAGE>;
export type PartShape = Static<typeof PART>;
export type AddressShape = Static<typeof ADDRESS>;
