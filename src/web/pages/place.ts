/** Where one is, as a URL that can be kept, sent and gone back to: a message, a page of the list. */
import { useEffect, useState } from 'preact/hooks';
import { basePath } from './api.js';

export type Place = MailPlace | { readonly view: 'settings' };

export interface MailPlace {
  readonly view: 'mail';
  readonly start: number;
  readonly message: string | undefined;
}

export const INBOX: MailPlace = { view: 'mail', start: 0, message: undefined };

export function urlOf(place: Place): string {
  switch (place.view) {
    case 'settings':
      return `${basePath}/settings`;
    case 'mail': {
      const path = place.message === undefined ? '/' : `/message/${encodeURIComponent(place.message)}`;
      return basePath + path + query({ start: place.start === 0 ? '' : String(place.start) });
    }
  }
}

function query(values: Readonly<Record<string, string | undefined>>): string {
  const said = Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return said.length === 0 ? '' : `?${new URLSearchParams(said).toString()}`;
}

function placeAt({ pathname, search }: Location): Place {
  const path = pathname.slice(basePath.length);
  const said = new URLSearchParams(search);
  const [, message] = /^\/message\/([^/]+)$/.exec(path) ?? [];
  if (path === '/settings') return { view: 'settings' };
  return {
    view: 'mail',
    start: Math.max(0, Math.trunc(Number(said.get('start')) || 0)),
    message: message === undefined ? undefined : decodeURIComponent(message),
  };
}

export type Go = (place: Place, how?: 'push' | 'replace') => void;

/** The place, and how to go to another; the browser's own back and forward too. */
export function usePlace(): readonly [Place, Go] {
  const [place, setPlace] = useState(() => placeAt(location));
  useEffect(() => {
    const moved = (): void => setPlace(placeAt(location));
    addEventListener('popstate', moved);
    return () => removeEventListener('popstate', moved);
  }, []);
  const go: Go = (next, how = 'push') => {
    if (how === 'push') history.pushState(null, '', urlOf(next));
    else history.replaceState(null, '', urlOf(next));
    setPlace(next);
  };
  return [place, go];
}
