/** One key does what a click does, for those who want it. Never while somebody types. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

type Actions = Readonly<Record<string, () => unknown>>;

export function useKeys(actions: Actions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const { target, key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')) return;
      const action = latest.current[key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
}

const MEANINGS = [
  ['j', 'next message'],
  ['k', 'message before'],
  ['u', 'back to the list'],
  ['#', 'delete'],
  ['?', 'show or hide this'],
] as const;

export function Keys({ close }: { readonly close: () => void }): JSX.Element {
  return (
    <dialog class="keys" open aria-label="Keys">
      <h2>Keys</h2>
      <dl>
        {MEANINGS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <button onClick={close}>Close</button>
    </dialog>
  );
}
