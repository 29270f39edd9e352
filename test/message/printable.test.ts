/**
 * What a sender wrote cannot speak to a terminal: neither from the views, in any shell, whichever version stored it, nor from
 * `pennypost mail`. The octets themselves stay as they came.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { maskControls } from '../../src/log/one-line.js';
import { printableLine, PrintableDecoder, printableText } from '../../src/message/printable.js';
import { openForWriting } from '../../src/store/sqlite/database/database.js';
import { openConnection, type Connection } from '../../src/store/sqlite/database/driver.js';
import { summarize } from '../../src/message/summary.js';
import { itNeeds, run } from '../support/programs.js';

const EVERY_CHARACTER = Array.from({ length: 0x2100 }, (_, code) => String.fromCodePoint(code));
/** A text ends at a NUL, and tabs and ends of lines become spaces, or stay. */
const UNPRINTABLE = EVERY_CHARACTER.filter((character) => maskControls(character) !== character).slice(1);
const BLANKS = '\t\n\v\f\r';
const HIDDEN = UNPRINTABLE.filter((character) => !BLANKS.includes(character));
const EVIL = `a\x1b[31mb${HIDDEN.join('')}c\x1b]0;title\x07d`;
const PRINTABLE = 'a[31mbc]0;titled';
const UNPRINTABLE_ANYWHERE = new RegExp(`[${HIDDEN.join('').replace(/[\]\\^-]/g, '\\$&')}]`);

describe('text for a terminal', () => {
  it('has none of what the log masks either', () => {
    expect(HIDDEN).to.have.length.above(70);
    expect(
      EVERY_CHARACTER.filter((character) => printableText(character) === '' && character !== '\0'),
    ).to.have.members([...HIDDEN, '\v', '\f', '\r']);
    expect(printableLine(`${EVIL}\t\r\n${EVIL}`)).to.equal(`${PRINTABLE}   ${PRINTABLE}`);
  });

  it('keeps ends of lines, and no CR that would write over one', () => {
    expect(printableText('a\r\n\tb\rc\r\r\nd\r')).to.equal('a\r\n\tbc\r\nd');
  });

  it('is the same wherever its octets were cut', () => {
    const octets = Buffer.from(`ü\r\n\rx\u202e€${EVIL}\r\n\r`);
    for (let at = 0; at <= octets.length; at++) {
      const decoder = new PrintableDecoder();
      const text = [octets.subarray(0, at), octets.subarray(at)].map((piece) => decoder.pass(piece)).join('');
      expect(text + decoder.end()).to.equal(`ü\r\nx€${PRINTABLE}\r\n`);
    }
  });

  it('is in the list at intake already, also where it was encoded', () => {
    const encoded = `=?utf-8?q?${[...Buffer.from(EVIL)].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join('')}=0A=00?=`;
    const { subject, from } = summarize(Buffer.from(`Subject: ${encoded}\r\nFrom: ${EVIL}\r\n\r\n`));
    expect([subject, from]).to.deep.equal([`${PRINTABLE} `, PRINTABLE]);
  });
});

describe('the view mail', () => {
  let directory: string;
  let db: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-printable-'));
    db = join(directory, 'mail.db');
    const connection = openForWriting(db);
    connection.exec(`
      insert into domain (id, name) values (1, 'localhost');
      insert into account (id, local, domain, password_hash, validity, created_at) values (1, 'alice', 1, 'x', 'v', 1)`);
    // As an older version stored them: 0 raw, 1 to be decoded, 2 decoded, 3 failed.
    for (const state of [0, 1, 2, 3]) add(connection, state, EVIL, `${EVIL}\r\n\tx\ry\r`);
    add(connection, 0, 'plain', 'über\r\n\tall\r\n');
    add(connection, 0, 'ends early', `x\0${EVIL}`);
    connection.close();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function add(connection: Connection, state: number, field: string, text: string): void {
    const { lastInsertRowid: id } = connection
      .prepare(
        `insert into body (refs, octets, header_octets, from_text, to_text, subject, date_text, message_id, text_state, text)
         values (1, 9, 2, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(field, field, field, field, field, state, state === 2 ? text : null);
    connection.prepare('insert into chunk values (?, 0, ?)').run(id, Buffer.from(`\r\n${text}`));
    connection
      .prepare("insert into message values (?, 1, ?, ?, 9, 1, ?, ?, x'00')")
      .run(id, id, id, `${field}@x`, `${field}@y`);
  }

  const FIELDS = `select "from", "to", subject, date, message_id, reverse_path, recipient, text from mail order by number`;

  it('leaves out what is not for a terminal, in each column and each state of a text', () => {
    const connection = openConnection(db, { readonly: true });
    const rows = connection.prepare<[], string[]>(FIELDS).raw().all();
    connection.close();
    for (const row of rows.slice(0, 4))
      expect(row).to.deep.equal([
        ...Array.from({ length: 5 }, () => PRINTABLE),
        `${PRINTABLE}@x`,
        `${PRINTABLE}@y`,
        `${PRINTABLE}\r\n\txy`,
      ]);
    expect(rows[4]?.at(-1)).to.equal('über\r\n\tall\r\n');
    expect(rows[5]?.at(-1)).to.equal('x');
  });

  itNeeds(['sqlite3'], "does so in the distribution's shell", async () => {
    const { stdout } = await run('sqlite3', ['-readonly', db, FIELDS]);
    expect(stdout.toString()).to.not.match(UNPRINTABLE_ANYWHERE);
    expect(stdout.toString().split(PRINTABLE)).to.have.length(4 * 8 + 1);
  });
});
