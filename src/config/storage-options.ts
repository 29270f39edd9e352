/** The options of the room that mail has, and of how long what was removed is kept; a part of the table in options.ts. */
import type { Configuration } from './configuration.js';
import type { Option } from './option.js';
import { bytes, longDurationMs } from './units.js';

type StorageOptionName = 'minFree' | 'keepRemoved';

export const storageOptions: { readonly [Name in StorageOptionName]: Option<Configuration[Name]> } = {
  minFree: {
    initial: 'auto',
    unit: 'bytes',
    placeholder: 'SIZE',
    doc: 'Free disk space below which MAIL is answered with 452; auto is one and a half times the largest message.',
    parse: (text) => (text.toLowerCase() === 'auto' ? undefined : bytes(text)),
  },
  keepRemoved: {
    initial: '14d',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long mail that was removed can be restored (`pennypost mail restore`); 0s deletes it at once.',
    parse: longDurationMs,
  },
};
