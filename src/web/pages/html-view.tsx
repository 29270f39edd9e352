/** The HTML of a message in a frame that runs nothing (safe-html.ts says what is left of it). */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { api, type Message, type MessagePart } from './api.js';
import type { Page } from './app.js';
import { contentId, HTML_LIMIT_CHARACTERS, safeHtml } from './safe-html.js';

const SHOWN_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
/** Of all parts of a message that are shown in it. */
const INLINE_LIMIT_OCTETS = 15_000_000;
const INLINE_LIMIT_PARTS = 50;

export function HtmlView({ page, message }: { readonly page: Page; readonly message: Message }): JSX.Element {
  const [showsRemote, setShowsRemote] = useState(false);
  const inline = useInline(message);
  const safe = useMemo(
    () => inline && safeHtml(message.HTML, { showsRemote, inline }),
    [message.HTML, showsRemote, inline],
  );
  useEffect(() => {
    if (message.HTML.length > HTML_LIMIT_CHARACTERS)
      page.say({
        text: 'The message is too long to be shown as HTML; its beginning is. The text and the source are whole.',
      });
  }, []);
  if (safe === undefined) return <p aria-busy="true" />;
  return (
    <>
      {safe.leftOut && (
        <p class="remote">
          Images of other hosts are not loaded: their sender would learn that you read this.{' '}
          <button onClick={() => setShowsRemote(true)}>Load them</button>
        </p>
      )}
      {/* Another document is another frame: one that is given a second document may keep its first. */}
      <iframe
        key={String(showsRemote)}
        title="The message as HTML"
        srcdoc={safe.document}
        referrerpolicy="no-referrer"
        sandbox="allow-popups allow-popups-to-escape-sandbox"
      />
    </>
  );
}

/** Images that the message brings with it; undefined until they are there. One that fails is left out. */
function useInline({ ID, Inline, Attachments, HTML }: Message): ReadonlyMap<string, string> | undefined {
  const [found, setFound] = useState<ReadonlyMap<string, string>>();
  useEffect(() => {
    let wanted = true;
    const named = [...(Inline ?? []), ...(Attachments ?? [])].filter((part) => part.ContentID !== '');
    const shown = /cid:/i.test(HTML)
      ? named.filter(({ ContentType }) => SHOWN_TYPES.includes(ContentType.toLowerCase()))
      : [];
    const loaded = within(shown).map(async (part) => [contentId(part.ContentID), await dataUrl(ID, part)] as const);
    void Promise.allSettled(loaded).then((settled) => {
      if (wanted) setFound(new Map(settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))));
    });
    return () => {
      wanted = false;
    };
  }, []);
  return found;
}

function within(parts: readonly MessagePart[]): readonly MessagePart[] {
  let octets = 0;
  return parts.slice(0, INLINE_LIMIT_PARTS).filter(({ Size }) => (octets += Size) <= INLINE_LIMIT_OCTETS);
}

async function dataUrl(message: string, { PartID, ContentType }: MessagePart): Promise<string> {
  const blob = await api.part(message, PartID);
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error('the part cannot be read'));
    reader.readAsDataURL(blob.slice(0, blob.size, ContentType.toLowerCase()));
  });
}
