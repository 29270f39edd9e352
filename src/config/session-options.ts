/** The options of what a session may take its time for, and how soon it may come again; a part of the table in options.ts. */
import type { Configuration } from './configuration.js';
import type { Option } from './option.js';
import { bytes, durationMs } from './units.js';

type SessionOptionName =
  'greetingTimeout' | 'smtpTimeout' | 'pop3Timeout' | 'loginDelay' | 'dataTimeout' | 'sessionTimeout' | 'minBodyRate';

export const sessionOptions: { readonly [Name in SessionOptionName]: Option<Configuration[Name]> } = {
  greetingTimeout: {
    initial: '1m',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long a client may take to send its first command.',
    parse: durationMs,
  },
  smtpTimeout: {
    initial: '5m',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long an SMTP client may take to send its next command.',
    parse: durationMs,
  },
  pop3Timeout: {
    initial: '10m',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long a POP3 client may take to send its next command; nothing is removed when it passes.',
    parse: durationMs,
  },
  loginDelay: {
    initial: '0s',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'What must lie between two POP3 logins of one account, or of one device of it; CAPA announces it, and who comes earlier is refused.',
    parse: durationMs,
  },
  dataTimeout: {
    initial: '3m',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long nothing at all may come inside a message.',
    parse: durationMs,
  },
  sessionTimeout: {
    initial: '2h',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long a session may last, whatever it does.',
    parse: durationMs,
  },
  minBodyRate: {
    initial: '256',
    unit: 'bytes per second',
    placeholder: 'SIZE',
    doc: 'The least rate at which a message must come, measured over half a minute; 0 asks for none.',
    parse: bytes,
  },
};
