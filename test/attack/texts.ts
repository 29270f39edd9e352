/** Bodies that are hard to decode, one behind the other: each row is a body. The first is as large and easy. */
import { sendBdat, smtpSession } from '../support/mail-clients.js';
import { POSTMASTER } from '../support/server.js';
import { repeat, type Attack } from './attack.js';
import { html, nested, plainText } from './messages.js';

const bodies: Readonly<Record<string, { readonly title: string; readonly message: () => Buffer }>> = {
  plain: { title: 'plain text', message: plainText },
  lt: { title: '< as text/html', message: () => html('<') },
  br: { title: '"<br " as text/html', message: () => html('<br ') },
  style: { title: '<style as text/html', message: () => html('<style') },
  comment: { title: '<!-- as text/html', message: () => html('<!--') },
  blanks: { title: 'blanks as text/html', message: () => html(' ') },
  nested: { title: '7,000 nested message/rfc822', message: nested },
};

export const texts: readonly Attack[] = Object.entries(bodies).map(([name, { title, message }]) => {
  const sent = message();
  return {
    name: `text-${name}`,
    title: `256 KiB of ${title}, delivered again and again, 1 session`,
    sessions: 1,
    attack: async (server, _, signal) => {
      const client = await smtpSession(server.smtpPort);
      await repeat(client, () => sendBdat(client, POSTMASTER, [sent]), signal);
    },
  };
});
