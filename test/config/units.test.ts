import { expect } from 'chai';
import {
  bytes,
  databaseName,
  domainName,
  durationMs,
  longDurationMs,
  flag,
  hosts,
  integer,
  InvalidValue,
  nonEmpty,
  oneOf,
} from '../../src/config/units.js';

type Parser = (text: string) => unknown;

const taken: readonly (readonly [name: string, parser: Parser, text: string, value: unknown])[] = [
  ['bytes', bytes, '4096', 4096],
  ['bytes', bytes, '50MiB', 52_428_800],
  ['bytes', bytes, '50m', 52_428_800],
  ['bytes', bytes, '10 MB', 10_000_000],
  ['bytes', bytes, '1KiB', 1024],
  ['durationMs', durationMs, '250ms', 250],
  ['durationMs', durationMs, '10s', 10_000],
  ['durationMs', durationMs, '5m', 300_000],
  ['durationMs', durationMs, '1H', 3_600_000],
  ['durationMs', durationMs, '24d', 2_073_600_000],
  ['longDurationMs', longDurationMs, '30d', 2_592_000_000],
  ['integer', integer(0, 65535), '0', 0],
  ['integer', integer(0, 65535), '65535', 65535],
  ['flag', flag, 'Yes', true],
  ['flag', flag, 'off', false],
  ['oneOf', oneOf('info', 'warn'), 'WARN', 'warn'],
  ['hosts', hosts, '127.0.0.1, ::1', ['127.0.0.1', '::1']],
  ['hosts', hosts, 'localhost,localhost', ['localhost']],
  ['hosts', hosts, '::', ['::']],
  ['domainName', domainName, 'Example.ORG', 'example.org'],
  ['domainName', domainName, 'b\u00fccher.example', 'xn--bcher-kva.example'],
  ['nonEmpty', nonEmpty, 'x', 'x'],
  ['databaseName', databaseName, '/var/lib/a:b/mail.db', '/var/lib/a:b/mail.db'],
];

const refused: readonly (readonly [name: string, parser: Parser, texts: readonly string[]])[] = [
  ['databaseName', databaseName, ['', 'postgres://user:secret@host/mail', 'SQLite:///mail.db']],
  ['bytes', bytes, ['', 'MiB', '-1', '1.5MiB', '1XB', '1e3', '99999999999999999999']],
  ['durationMs', durationMs, ['', '10', 's', '-1s', '25d', '1.5s']],
  ['longDurationMs', longDurationMs, ['', '10', '1w', '36501d', '999999999999999d']],
  ['integer', integer(1, 256), ['', '0', '257', '-1', '1.0', '0x10', '1e2', ' 1']],
  ['flag', flag, ['', 'maybe', '2']],
  ['oneOf', oneOf('info', 'warn'), ['', 'loud']],
  ['hosts', hosts, ['', ',', '127.0.0.256', '1.2.3', '[::1]', '::g', 'a b', '127.0.0.1:25']],
  ['domainName', domainName, ['', '-', 'a..b', '.a', 'a.', 'a b', 'a_b', 'x'.repeat(64), 'a@b', 'a/b']],
  ['nonEmpty', nonEmpty, ['']],
];

describe('the units of options', () => {
  for (const [name, parser, text, value] of taken)
    it(`${name} reads '${text}'`, () => expect(parser(text)).to.deep.equal(value));

  for (const [name, parser, texts] of refused)
    for (const text of texts) it(`${name} refuses '${text}'`, () => expect(() => parser(text)).to.throw(InvalidValue));
});
