/**
 * The readable text of a MIME message, by a kept library, from its first chunk: text stands at the beginning,
 * and attachments are not for reading in a shell.
 */
import type { Buffer } from 'node:buffer';
import PostalMime from 'postal-mime';

/** More text than this is cut: it is for people, and the message itself is kept whole. */
const TEXT_LIMIT_CHARACTERS = 64 * 1024;

/** Undefined when there is no text, or the library cannot read the message. */
export async function decodeText(first: Buffer | undefined): Promise<string | undefined> {
  if (first === undefined) return undefined;
  try {
    const { text, html } = await PostalMime.parse(first);
    return (text ?? (html === undefined ? undefined : withoutTags(html)))?.slice(0, TEXT_LIMIT_CHARACTERS);
  } catch {
    return undefined; // The message is kept as it came; only its text cannot be shown decoded.
  }
}

/** For reading, not for rendering: what is left of HTML when its tags go. */
function withoutTags(html: string): string {
  return html
    .replace(/<(style|script)\b[^]*?<\/\1\s*>/gi, '')
    .replace(/<(?:br|\/p|\/div|\/tr|\/li|\/h[1-6])\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|amp|nbsp);/g, (_, name: string) => ENTITIES[name] ?? '')
    .replace(/[ \t]*\n\s*/g, '\n')
    .trim();
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&', nbsp: ' ' };
