/** One message: who wrote it, and its views as HTML, text, headers, source and parts. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type Headers, type MailAddress, type Message, type MessagePart } from './api.js';
import type { Page } from './app.js';
import { addressText, size, wholeDate } from './format.js';
import { HtmlView } from './html-view.js';
import { Icon } from './icon.js';
import { download } from './download.js';

interface ViewProps {
  readonly page: Page;
  readonly id: string;
  readonly remove: () => void;
  readonly close: () => void;
}

const VIEWS = { html: 'HTML', text: 'Text', headers: 'Headers', source: 'Source', parts: 'Parts' } as const;
type View = keyof typeof VIEWS;

export function MessageView(props: ViewProps): JSX.Element {
  const { page, id } = props;
  const message = useLoaded(() => api.read(id), page);
  const [chosen, choose] = useState<View>();
  if (message === undefined) return <p class="empty" aria-busy="true" />;
  const parts = [...(message.Attachments ?? []), ...(message.Inline ?? [])];
  const view = chosen ?? (message.HTML === '' ? 'text' : 'html');
  const there = (one: View): boolean => (one === 'html' ? message.HTML !== '' : one !== 'parts' || parts.length > 0);
  return (
    <article>
      <Head {...props} message={message} />
      <div class="tabs" role="tablist" aria-label="Views of the message">
        {(Object.keys(VIEWS) as View[]).filter(there).map((one) => (
          <button
            key={one}
            id={`tab-${one}`}
            role="tab"
            aria-selected={one === view}
            aria-controls="view"
            onClick={() => choose(one)}
          >
            {VIEWS[one]}
            {one === 'parts' && ` (${parts.length})`}
          </button>
        ))}
      </div>
      <div class="view" id="view" role="tabpanel" tabIndex={0} aria-labelledby={`tab-${view}`}>
        {view === 'html' && <HtmlView page={page} message={message} />}
        {view === 'text' && <pre class="text">{message.Text}</pre>}
        {view === 'headers' && <HeaderView page={page} id={id} />}
        {view === 'source' && <SourceView page={page} id={id} />}
        {view === 'parts' && <PartList page={page} id={id} parts={parts} />}
      </div>
      <Attachments page={page} message={message} />
    </article>
  );
}

function Head({ message, remove, close }: ViewProps & { readonly message: Message }): JSX.Element {
  return (
    <header>
      <div class="actions">
        <button class="narrow" onClick={close}>
          <Icon name="back" /> List
        </button>
        <button onClick={remove}>
          <Icon name="bin" /> Delete
        </button>
      </div>
      <h2>{message.Subject || '(no subject)'}</h2>
      <dl class="envelope">
        <Line name="From" addresses={message.From === null ? [] : [message.From]} />
        <Line name="To" addresses={message.To} />
        <Line name="Cc" addresses={message.Cc} />
        <div>
          <dt>Date</dt>
          <dd>
            <time dateTime={message.Date}>{wholeDate(message.Date)}</time> · {size(message.Size)}
          </dd>
        </div>
      </dl>
    </header>
  );
}

function Line({ name, addresses }: { readonly name: string; readonly addresses: readonly MailAddress[] | null }) {
  if (addresses === null || addresses.length === 0) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{addresses.map(addressText).join(', ')}</dd>
    </div>
  );
}

interface PartOf {
  readonly page: Page;
  readonly id: string;
}

function HeaderView({ page, id }: PartOf): JSX.Element {
  const headers = useLoaded<Headers>(() => api.headers(id), page) ?? {};
  return (
    <table class="headers">
      <tbody>
        {Object.entries(headers).flatMap(([name, values]) =>
          values.map((value, index) => (
            <tr key={`${name} ${index}`}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          )),
        )}
      </tbody>
    </table>
  );
}

/** More than this of a source makes a browser slow; the whole can be kept as a file. */
const SHOWN_CHARACTERS = 500_000;

function SourceView({ page, id }: PartOf): JSX.Element {
  const source = useLoaded(() => api.source(id), page) ?? '';
  const save = (): void => download(new Blob([source], { type: 'message/rfc822' }), `message-${id}.eml`);
  return (
    <>
      <p>
        <button onClick={save}>Keep as a file</button>{' '}
        {source.length > SHOWN_CHARACTERS && 'Only its first part is shown.'}
      </p>
      <pre class="source">{source.slice(0, SHOWN_CHARACTERS)}</pre>
    </>
  );
}

function PartList({ page, id, parts }: PartOf & { readonly parts: readonly MessagePart[] }): JSX.Element {
  return (
    <ul class="parts">
      {parts.map((part) => (
        <li key={part.PartID}>
          <PartButton {...{ page, id, part }} /> <code>{part.ContentType}</code>
        </li>
      ))}
    </ul>
  );
}

function Attachments({ page, message }: { readonly page: Page; readonly message: Message }) {
  const attached = message.Attachments ?? [];
  if (attached.length === 0) return null;
  return (
    <ul class="attachments" aria-label="Attachments">
      {attached.map((part) => (
        <li key={part.PartID}>
          <PartButton {...{ page, id: message.ID, part }} />
        </li>
      ))}
    </ul>
  );
}

/** Kept as a file, never shown: what a stranger sent may be of any type. */
function PartButton({ page, id, part }: PartOf & { readonly part: MessagePart }): JSX.Element {
  const save = (): void => {
    api.part(id, part.PartID).then((blob) => download(blob, part.FileName || `part-${part.PartID}`), page.fail);
  };
  return (
    <button onClick={save}>
      <Icon name="clip" /> {part.FileName || `Part ${part.PartID}`} <small>{size(part.Size)}</small>
    </button>
  );
}

/** Undefined until it is there; a failure is said at the foot. */
function useLoaded<Value>(load: () => Promise<Value>, page: Page): Value | undefined {
  const [value, setValue] = useState<Value>();
  useEffect(() => {
    let wanted = true;
    load().then(
      (loaded) => wanted && setValue(loaded),
      (error: unknown) => wanted && page.fail(error),
    );
    return () => {
      wanted = false;
    };
  }, []);
  return value;
}
