/** A read as data: what a worker asks of the thread that reads for it (slow-reads.ts), and who carries it out. */
import type { AccountId } from '../../shapes.js';
import type { Reader } from './reader.js';

export type Read =
  | { readonly kind: 'login'; readonly name: string }
  | { readonly kind: 'maildrop'; readonly account: AccountId }
  | { readonly kind: 'messages'; readonly account: AccountId; readonly uid: number; readonly limit: number }
  | { readonly kind: 'message'; readonly account: AccountId; readonly uid: number }
  | { readonly kind: 'outgoing'; readonly message: number }
  | { readonly kind: 'chunk'; readonly body: number; readonly seq: number };

/** What the Reader's method of this kind returns. @throws StoreError */
export function perform(reader: Reader, read: Read): unknown {
  switch (read.kind) {
    case 'login':
      return reader.findLogin(read.name);
    case 'maildrop':
      return reader.maildrop(read.account);
    case 'messages':
      return reader.messagesFrom(read.account, read.uid, read.limit);
    case 'message':
      return reader.message(read.account, read.uid);
    case 'outgoing':
      return reader.outgoing(read.message);
    case 'chunk':
      return reader.chunk(read.body, read.seq);
  }
}
