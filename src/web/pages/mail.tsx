/** The maildrop: the list beside the message, removing and taking back, and the keys for it. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, type MessagePage, type MessageSummary } from './api.js';
import type { Page } from './app.js';
import { count, nameOf } from './format.js';
import { Keys, useKeys } from './keys.js';
import { useEvery } from './every.js';
import { MessageList } from './message-list.js';
import { MessageView } from './message-view.js';
import type { MailPlace } from './place.js';

export const PAGE_LENGTH = 50;
/** What came meanwhile is seen so soon. */
const LOOK_EVERY_MS = 3_000;

export interface MailProps {
  readonly page: Page;
  readonly place: MailPlace;
}

export function Mail({ page, place }: MailProps): JSX.Element {
  const { found, reload } = useFound(page, place);
  const [showsKeys, setShowsKeys] = useState(false);
  const messages = found?.messages ?? [];
  const index = messages.findIndex(({ ID }) => ID === place.message);
  const open = (message: MessageSummary | undefined): void =>
    page.go(
      { ...place, message: message?.ID },
      place.message === undefined || message === undefined ? 'push' : 'replace',
    );
  const remove = (): void => {
    if (place.message !== undefined)
      void removeOne(page, place.message, { reload, next: () => open(messages[index + 1] ?? messages[index - 1]) });
  };
  useKeys({
    j: () => open(messages[index + 1] ?? messages[index]),
    k: () => open(messages[Math.max(0, index - 1)]),
    u: () => open(undefined),
    Escape: () => (showsKeys ? setShowsKeys(false) : open(undefined)),
    ...{ '#': remove, Delete: remove },
    '?': () => setShowsKeys(!showsKeys),
  });
  return (
    <main class={`mail${place.message === undefined ? '' : ' reading'}`}>
      <MessageList {...{ page, place, found, open }} />
      <section class="reader" aria-label="Message">
        {place.message === undefined ? (
          <p class="empty">{found && emptiness(found)}</p>
        ) : (
          <MessageView key={place.message} id={place.message} {...{ page, remove, close: () => open(undefined) }} />
        )}
      </section>
      {showsKeys && <Keys close={() => setShowsKeys(false)} />}
    </main>
  );
}

function emptiness({ total }: MessagePage): string {
  return total === 0 ? 'No mail yet. What comes appears here by itself.' : count(total, 'message');
}

interface After {
  readonly reload: () => void;
  /** Goes to the neighbour of what is gone. */
  readonly next: () => void;
}

async function removeOne({ say, fail }: Page, id: string, { reload, next }: After): Promise<void> {
  const undo = async (): Promise<void> => {
    await api.restore([id]);
    say({ text: 'It is back.' });
    reload();
  };
  try {
    await api.remove([id]);
    next();
    reload();
    say({ text: 'Deleted.', undo: () => void undo().catch(fail) });
  } catch (error) {
    fail(error);
  }
}

/** What the place shows; loaded again when something may have changed, and of several answers the last that was asked for is shown. */
function useFound({ say, fail }: Page, { start }: MailPlace) {
  const [found, setFound] = useState<MessagePage>();
  const asked = useRef(0);
  const newest = useRef<string>(undefined);
  const show = (next: MessagePage): void => {
    setFound(next);
    if (start !== 0) return;
    const [first] = next.messages;
    if (newest.current !== undefined && first && isNewer(first, newest.current))
      say({ text: `New mail from ${nameOf(first.From)}: ${first.Subject || '(no subject)'}` });
    newest.current = first?.Created ?? '';
  };
  const reload = (): void => {
    const number = ++asked.current;
    api.list(start, PAGE_LENGTH).then((next) => number === asked.current && show(next), fail);
  };
  useEffect(() => {
    setFound(undefined);
    reload();
  }, [start]);
  useEvery(LOOK_EVERY_MS, reload);
  return { found, reload };
}

/** What is taken back, or moves up when another goes, is not new. */
function isNewer({ Created }: MessageSummary, than: string): boolean {
  return Date.parse(Created) > (Date.parse(than) || 0);
}
