/** Who is logged in, which part of the page is shown, and what is said at its foot. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { api, RequestFailure } from './api.js';
import { Foot, type Note } from './foot.js';
import { Icon } from './icon.js';
import { LogIn } from './log-in.js';
import { Mail } from './mail.js';
import { INBOX, usePlace, type Go, type Place } from './place.js';
import { Settings } from './settings.js';

/** What a part of the page may do to the whole. */
export interface Page {
  readonly address: string;
  readonly go: Go;
  /** Says a sentence at the foot, until it is old or another is said. */
  readonly say: (note: Note) => void;
  /** Says what failed; whoever is no longer logged in is asked to log in again. */
  readonly fail: (error: unknown) => void;
}

/** `undefined` until the server has said whether somebody is logged in. */
type Who = { readonly address: string } | 'nobody' | undefined;

export function App(): JSX.Element {
  const [who, setWho] = useState<Who>();
  const [place, go] = usePlace();
  const [note, say] = useState<Note>();
  const fail = useCallback((error: unknown): void => {
    if (error instanceof RequestFailure && error.status === 401) setWho('nobody');
    say({ text: error instanceof Error ? error.message : String(error), isError: true });
  }, []);
  useEffect(() => {
    api.whoAmI().then(setWho, (error: unknown) => {
      setWho('nobody');
      if (!(error instanceof RequestFailure) || error.status !== 401) fail(error);
    });
  }, []);
  if (who === undefined) return <main class="waiting" aria-busy="true" />;
  if (who === 'nobody') return <LogIn welcome={setWho} />;
  const page: Page = { address: who.address, go, say, fail };
  const leave = (): void => {
    api.logOut().then(() => setWho('nobody'), fail);
  };
  return (
    <>
      <Top page={page} leave={leave} />
      <Part page={page} place={place} />
      <Foot note={note} over={() => say(undefined)} />
    </>
  );
}

function Part({ page, place }: { readonly page: Page; readonly place: Place }): JSX.Element {
  if (place.view === 'settings') return <Settings page={page} />;
  return <Mail page={page} place={place} />;
}

interface TopProps {
  readonly page: Page;
  readonly leave: () => void;
}

function Top({ page: { address, go }, leave }: TopProps): JSX.Element {
  return (
    <header class="top">
      <button class="brand" onClick={() => go(INBOX)} aria-label="Pennypost: all mail">
        <Icon name="stamp" /> <span>Pennypost</span>
      </button>
      <nav aria-label="Account">
        <button onClick={() => go({ view: 'settings' })} title={`Settings of ${address}`}>
          <Icon name="person" /> <span class="address">{address}</span>
        </button>
        <button onClick={leave}>Log out</button>
      </nav>
    </header>
  );
}
