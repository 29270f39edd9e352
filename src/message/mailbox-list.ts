/** Whether the text of a header field is a list of mailboxes (RFC 5322 §3.4): answers can go there. Takes time by its length alone. */
import { readPath } from './path.js';

/** What is in quotes may be anything; a quote that nothing ends is none of it. */
const BALANCED = /^(?:[^"]|"(?:[^"\\]|\\[^])*")*$/;
const QUOTED = /"(?:[^"\\]|\\[^])*"/g;
const COMMENT = /\([^()]*\)/g;
/** A name and an address in brackets, or an address alone. */
const MAILBOX = /^(?:[^<>@]*<([^<>]*)>|([^<>\s]+))$/;
/** In the place of a quoted string: it may stand in a name and before an @. */
const WORD = 'x';

export function isMailboxList(text: string): boolean {
  if (!BALANCED.test(text)) return false;
  const plain = text.replace(QUOTED, WORD).replace(COMMENT, ' ');
  return plain.split(',').every((each) => {
    const [, bracketed, bare] = MAILBOX.exec(each.trim()) ?? [];
    const read = readPath(`<${(bracketed ?? bare ?? '').trim()}>`);
    return read?.rest === '' && read.path.mailbox?.domain !== undefined;
  });
}
