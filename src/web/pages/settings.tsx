/** Of one's own account: its password, app passwords with what to type into mail programs, and where it is logged in. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type Credential, type Service, type Session } from './api.js';
import type { Page } from './app.js';
import { wholeDate } from './format.js';

interface PartProps {
  readonly page: Page;
}

export function Settings({ page }: PartProps): JSX.Element {
  return (
    <main class="settings">
      <h1>{page.address}</h1>
      <AppPasswords page={page} />
      <Password page={page} />
      <Sessions page={page} />
    </main>
  );
}

const USES = [
  ['pop3', 'reads mail (POP3)'],
  ['smtp', 'sends mail (SMTP)'],
  ['web', 'this page'],
  ['api', 'the HTTP API'],
] as const;

type Answer = Awaited<ReturnType<typeof api.credentials>>;

function AppPasswords({ page }: PartProps): JSX.Element {
  const [{ credentials, services }, setAnswer] = useState<Answer>({ credentials: [], services: [] });
  const [made, setMade] = useState<{ readonly name: string; readonly password: string }>();
  const load = (): void => {
    api.credentials().then(setAnswer, page.fail);
  };
  useEffect(load, []);
  const add = async (form: HTMLFormElement): Promise<void> => {
    const said = new FormData(form);
    const name = said.get('name') as string;
    setMade({ name, ...(await api.addCredential(name, said.getAll('scope') as string[])) });
    form.reset();
    load();
  };
  const remove = (name: string): void => {
    api.removeCredential(name).then(load, page.fail);
  };
  return (
    <section>
      <h2>App passwords</h2>
      <p>One for each program or device, so that one can be taken back alone.</p>
      {made && <Made made={made} services={services} address={page.address} />}
      <ul class="rows">
        {credentials.map((credential) => (
          <CredentialRow key={credential.name} credential={credential} remove={remove} />
        ))}
      </ul>
      <NewCredential add={(form) => void add(form).catch(page.fail)} />
    </section>
  );
}

interface RowProps {
  readonly credential: Credential;
  readonly remove: (name: string) => void;
}

function CredentialRow({ credential, remove }: RowProps): JSX.Element {
  const { name, scopes, lastUsed, lastUsedFrom } = credential;
  return (
    <li>
      <strong>{name}</strong> <span>{scopes.join(', ')}</span>
      <span>
        {lastUsed === null ? 'never used' : `last used ${wholeDate(lastUsed)} from ${lastUsedFrom ?? 'here'}`}
      </span>
      <button onClick={() => remove(name)} aria-label={`Revoke ${name}`}>
        Revoke
      </button>
    </li>
  );
}

function NewCredential({ add }: { readonly add: (form: HTMLFormElement) => void }): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    add(event.currentTarget as HTMLFormElement);
  };
  return (
    <form class="inline" onSubmit={submit}>
      <label>
        For <input name="name" required maxLength={64} placeholder="phone" autocomplete="off" />
      </label>
      {USES.map(([scope, what]) => (
        <label key={scope} class="check">
          <input type="checkbox" name="scope" value={scope} defaultChecked={scope === 'pop3' || scope === 'smtp'} />{' '}
          {what}
        </label>
      ))}
      <button type="submit">Make an app password</button>
    </form>
  );
}

interface MadeProps {
  readonly made: { readonly name: string; readonly password: string };
  readonly services: readonly Service[];
  readonly address: string;
}

function Made({ made, services, address }: MadeProps): JSX.Element {
  return (
    <div class="made" role="status">
      <p>
        The password of <strong>{made.name}</strong> is <code>{made.password}</code>. It is shown this once.
      </p>
      <p>Type into Thunderbird, Outlook or a phone, by hand:</p>
      <table>
        <thead>
          <tr>
            <th scope="col">For</th>
            <th scope="col">Server</th>
            <th scope="col">Port</th>
            <th scope="col">Security</th>
            <th scope="col">User name</th>
          </tr>
        </thead>
        <tbody>
          {services.map(({ service, host, port, security }) => (
            <tr key={`${service} ${port}`}>
              <td>{service}</td>
              <td>{host}</td>
              <td>{port}</td>
              <td>{security}</td>
              <td>{address}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Password({ page }: PartProps): JSX.Element {
  const change = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const said = new FormData(form);
    if (said.get('new') !== said.get('again'))
      throw new Error('The new password was typed in two ways; type it again.');
    await api.setPassword(said.get('password') as string, said.get('new') as string);
    form.reset();
    page.say({ text: 'The password is another now. Programs that use the old one must be told.' });
  };
  return (
    <section>
      <h2>Password</h2>
      <form class="inline" onSubmit={(event) => void change(event).catch(page.fail)}>
        <label>
          Now <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <label>
          New <input name="new" type="password" autocomplete="new-password" required />
        </label>
        <label>
          New, again <input name="again" type="password" autocomplete="new-password" required />
        </label>
        <button type="submit">Change the password</button>
      </form>
    </section>
  );
}

function Sessions({ page }: PartProps): JSX.Element {
  const [sessions, setSessions] = useState<readonly Session[]>([]);
  const load = (): void => {
    api.sessions().then((answer) => setSessions(answer.sessions), page.fail);
  };
  useEffect(load, []);
  const end = (id: string): void => {
    api.endSession(id).then(load, page.fail);
  };
  return (
    <section>
      <h2>Where you are logged in</h2>
      <ul class="rows">
        {sessions.map(({ id, current, lastSeen, client, agent }) => (
          <li key={id}>
            <strong>{current ? 'This browser' : client}</strong> <span>{agent}</span>
            <span>seen {wholeDate(lastSeen)}</span>
            {!current && (
              <button onClick={() => end(id)} aria-label={`Log out ${agent} at ${client}`}>
                Log out
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
