/** The first thing one sees: a login. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { api } from './api.js';
import { Icon } from './icon.js';

export function LogIn({ welcome }: { readonly welcome: (who: { address: string }) => void }): JSX.Element {
  const [trouble, setTrouble] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const said = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      welcome(await api.logIn(said.get('login') as string, said.get('password') as string));
    } catch (error) {
      setTrouble((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)}>
        <h1>
          <Icon name="stamp" /> Pennypost
        </h1>
        <label>
          Address
          <input {...{ name: 'login', autocomplete: 'username', spellcheck: false, required: true }} autoFocus />
        </label>
        <label>
          Password
          <input {...{ name: 'password', type: 'password', autocomplete: 'current-password', required: true }} />
        </label>
        <p class="trouble" role="alert">
          {trouble}
        </p>
        <button class="primary" type="submit" disabled={isBusy}>
          Log in
        </button>
      </form>
    </main>
  );
}
