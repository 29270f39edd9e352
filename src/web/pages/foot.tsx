/** One sentence at the foot of the page, which a screen reader reads too; perhaps with what takes back what was done. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';

export type Note =
  { readonly text: string; readonly isError?: boolean; readonly undo?: (() => void) | undefined } | undefined;

const SHOWN_MS = 8_000;

export function Foot({ note, over }: { readonly note: Note; readonly over: () => void }): JSX.Element {
  useEffect(() => {
    if (note === undefined) return undefined;
    const timer = setTimeout(over, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [note]);
  return (
    <div class={`foot${note?.isError === true ? ' error' : ''}`} role="status" aria-live="polite">
      {note && (
        <p>
          {note.text} {note.undo && <button onClick={note.undo}>Undo</button>}
        </p>
      )}
    </div>
  );
}
