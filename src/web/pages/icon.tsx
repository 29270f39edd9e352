/** The few drawings of the page, as lines of one weight. Their meaning always stands beside them in words. */
import type { JSX } from 'preact';

const PATHS = {
  stamp: 'M4 5h16v14H4zM4 7l8 6 8-6',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5',
  clip: 'M18 11l-6.5 6.5a4 4 0 0 1-5.7-5.7L13 4.6a2.7 2.7 0 0 1 3.8 3.8L9.6 15.6a1.3 1.3 0 0 1-1.9-1.9L14 7.5',
  back: 'M14 5l-7 7 7 7',
  bin: 'M5 7h14M10 4h4M7 7l1 13h8l1-13M10 11v5M14 11v5',
} as const;

export function Icon({ name }: { readonly name: keyof typeof PATHS }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
