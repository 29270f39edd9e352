/** One page of the maildrop or of a search, newest first. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { MessagePage, MessageSummary } from './api.js';
import { nameOf, shortDate, size } from './format.js';
import { Icon } from './icon.js';
import { PAGE_LENGTH, type MailProps } from './mail.js';
import { urlOf } from './place.js';

interface ListProps extends MailProps {
  readonly found: MessagePage | undefined;
  readonly open: (message: MessageSummary) => void;
}

export function MessageList(props: ListProps): JSX.Element {
  const { found, place } = props;
  return (
    <section class="list" aria-label="All mail" aria-busy={found === undefined}>
      <Heading {...props} />
      <ul>
        {found?.messages.map((message) => (
          <Row key={message.ID} message={message} isOpen={message.ID === place.message} {...props} />
        ))}
      </ul>
    </section>
  );
}

function Heading({ found, place, page: { go } }: ListProps): JSX.Element {
  const [start, end] = [place.start, place.start + (found?.messages.length ?? 0)];
  const all = found?.messages_count ?? 0;
  const to = (next: number) => () => go({ ...place, start: next, message: undefined });
  return (
    <div class="heading">
      <h1>Mail</h1>
      <p>
        {found && all > 0 ? `${(start + 1).toLocaleString()}–${end.toLocaleString()} of ${all.toLocaleString()}` : ''}
      </p>
      <button disabled={start === 0} onClick={to(Math.max(0, start - PAGE_LENGTH))} aria-label="Newer messages">
        ‹
      </button>
      <button disabled={end >= all} onClick={to(start + PAGE_LENGTH)} aria-label="Older messages">
        ›
      </button>
    </div>
  );
}

interface RowProps extends ListProps {
  readonly message: MessageSummary;
  readonly isOpen: boolean;
}

function Row({ message, isOpen, place, open }: RowProps): JSX.Element {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isOpen) row.current?.scrollIntoView({ block: 'nearest' });
  }, [isOpen]);
  const click = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // Another tab, as the browser does it.
    event.preventDefault();
    open(message);
  };
  return (
    <li ref={row}>
      <a href={urlOf({ ...place, message: message.ID })} onClick={click} aria-current={isOpen ? 'true' : undefined}>
        <span class="from">{nameOf(message.From)}</span>
        <time dateTime={message.Created}>{shortDate(message.Created)}</time>
        <span class="subject">{message.Subject || '(no subject)'}</span>
        {message.Attachments > 0 && (
          <span class="clip" title={`${message.Attachments} attached`}>
            <Icon name="clip" />
          </span>
        )}
        <span class="snippet">{message.Snippet}</span>
        <span class="size">{size(message.Size)}</span>
      </a>
    </li>
  );
}
