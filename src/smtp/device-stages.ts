/** What is done with a message of a device, as stages.ts says for all others: its lines are broken, its header completed, its From replaced. */
import { NewlineNormalizer } from '../bytes/newlines.js';
import { LongLines } from '../message/long-lines.js';
import { missingFields } from '../message/missing-fields.js';
import { senderField } from '../message/sender-field.js';
import type { DeviceSession, Mend } from './device-session.js';
import type { StageRow } from './stage-row.js';
import { hops, messageStart, ownSender } from './stages.js';
import { fieldsFor } from './submission.js';

export function deviceStages({ device, mends }: DeviceSession): readonly StageRow[] {
  const { name, from } = device;
  const newlines: StageRow = () => {
    const normalizer = new NewlineNormalizer();
    return {
      write(piece, next) {
        const normal = normalizer.pass(piece);
        if (normal !== piece) mends.add('line-ends');
        return next(normal);
      },
    };
  };
  const longLines: StageRow = () => new LongLines(() => mends.add('long-lines'));
  const ownFrom: StageRow = () =>
    from === undefined ? undefined : senderField(from, () => mends.add('from-replaced'));
  const missingHeaderFields: StageRow = ({ id, atMs, transaction, settings: { hostname, domain } }) => {
    const author = transaction.from.text === '' ? `postmaster@${domain}` : transaction.from.text;
    return missingFields({
      from: `From: ${name} <${author}>\r\n`,
      mimeVersion: 'MIME-Version: 1.0\r\n',
      added: (field) => mends.add(field as Mend),
      ...fieldsFor(id, hostname, atMs),
    });
  };
  return [hops, ownSender, newlines, longLines, messageStart, ownFrom, missingHeaderFields];
}
