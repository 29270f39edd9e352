/** The options of which name gets mail, of the room that mail has, of how long what was removed and what came is kept, and of the search index; a part of the table in options.ts. */
import type { Configuration } from './configuration.js';
import type { Option } from './option.js';
import { bytes, longDurationMs, oneOf, separators } from './units.js';

type StorageOptionName = 'detailSeparators' | 'minFree' | 'keepRemoved' | 'index' | 'keepArrivals';

export const storageOptions: { readonly [Name in StorageOptionName]: Option<Configuration[Name]> } = {
  detailSeparators: {
    initial: '+',
    placeholder: 'CHARACTERS',
    doc: "What parts a name from its detail, as in alice+lists@: each of these characters, such as '+-'; or none. The longest name that is there gets the mail.",
    parse: separators,
  },
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
  index: {
    initial: 'off',
    placeholder: 'on|off',
    doc: 'Whether messages are added to the search index as they come; off leaves it to `pennypost mail index`.',
    parse: (text) => oneOf('on', 'off')(text) === 'on',
  },
  keepArrivals: {
    initial: '30d',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long what came, accepted or refused, stays in the view `arrivals`; 0s keeps nothing of it.',
    parse: longDurationMs,
  },
};
