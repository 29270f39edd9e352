/** Mailbox files of other programs: where a message begins and ends, and what of it was quoted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { FileOctets } from '../../src/formats/file-octets.js';
import type { FoundMessage } from '../../src/formats/found.js';
import { fromLineOf } from '../../src/formats/from-line.js';
import { FromQuoting } from '../../src/formats/from-quoting.js';
import { MboxReader, type MboxDialect } from '../../src/formats/mbox-reader.js';

const FROM = 'From a@example.net Mon Jan  1 00:00:00 2024';

async function textOf(message: FoundMessage): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of message.read()) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('latin1');
}

/** The text as it comes out of pieces that are cut there. */
function passed(rule: 'quote' | 'unquote' | 'unquoteOne', text: string, cuts: readonly number[]): string {
  const quoting = new FromQuoting(rule);
  const made: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts.map((one) => one % (text.length + 1)).toSorted((a, b) => a - b), text.length]) {
    made.push(...quoting.pass(Buffer.from(text.slice(from, cut), 'latin1')).map((piece) => Buffer.from(piece)));
    from = Math.max(from, cut);
  }
  return Buffer.concat([...made, quoting.end()]).toString('latin1');
}

const lines = fc
  .array(
    fc.constantFrom('From ', '>From ', '>>From x', '>', '>>', 'F', 'Fro', 'from ', 'text', '', '>Fromage', ' From '),
  )
  .map((some) => some.join('\n'));
const cuts = fc.array(fc.nat(), { maxLength: 6 });

describe('an mbox', () => {
  let directory = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-mbox-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function read(text: string, dialect?: MboxDialect) {
    const path = join(directory, 'mbox');
    writeFileSync(path, text, 'latin1');
    const file = await FileOctets.open(path);
    try {
      const found = dialect ?? MboxReader.dialectOf(file);
      const messages = [...new MboxReader(file, found).messages()];
      return { dialect: found, messages, texts: await Promise.all(messages.map(textOf)) };
    } finally {
      await file.close();
    }
  }

  it('has messages between From lines, and an empty line behind each', async () => {
    const { texts, messages } = await read(
      `${FROM}\nA: 1\n\none\n\n${FROM}\nA: 2\n\ntwo\n\n\n\n${FROM}\n\n${FROM}\nlast`,
    );
    expect(texts).to.deep.equal(['A: 1\n\none\n', 'A: 2\n\ntwo\n\n\n', '', 'last']);
    expect(messages[0]).to.include({ reversePath: 'a@example.net', receivedAtMs: Date.UTC(2024, 0, 1) });
    expect(messages.reduce((sum, { bytes }) => sum + bytes, 0)).to.be.above(100);
  });

  it('may end its lines with CRLF, and leave the empty line out', async () => {
    const { texts } = await read(
      `${FROM}\r\nA: 1\r\n\r\none\r\n\r\n${FROM}\r\nA: 2\r\n\r\ntwo\r\n${FROM}\r\nthree\r\n`,
    );
    expect(texts).to.deep.equal(['A: 1\r\n\r\none\r\n', 'A: 2\r\n\r\ntwo\r\n', 'three\r\n']);
  });

  it('has text in which a line begins with From', async () => {
    const { texts } = await read(`${FROM}\nA: 1\n\nFrom the sea\n\nFrom here to there in 2024\n\n${FROM}\ntwo\n`);
    expect(texts).to.deep.equal(['A: 1\n\nFrom the sea\n\nFrom here to there in 2024\n', 'two\n']);
  });

  it('is unquoted as its dialect says', async () => {
    const text = `${FROM}\n\n>From a\n>>From b\n> From c\n`;
    expect((await read(text, 'mboxrd')).texts).to.deep.equal(['\nFrom a\n>From b\n> From c\n']);
    expect((await read(text, 'mboxo')).texts).to.deep.equal(['\nFrom a\n>>From b\n> From c\n']);
    expect((await read(text, 'mboxcl2')).texts).to.deep.equal(['\n>From a\n>>From b\n> From c\n']);
  });

  it('is mboxcl2 when each message ends where its Content-Length says', async () => {
    const inner = `${FROM}\n>From it\n`;
    const one = `${FROM}\nContent-Length: ${inner.length}\n\n${inner}`;
    const { dialect, texts } = await read(`${one}\n${one}\n`);
    expect(dialect).to.equal('mboxcl2');
    expect(texts).to.deep.equal(Array<string>(2).fill(`Content-Length: ${inner.length}\n\n${inner}`));
  });

  it('is none when a stranger wrote a Content-Length that swallows what follows, or one that is wrong', async () => {
    const next = `\n${FROM}\n\nnext\n`;
    const length = 'one\n'.length + next.length;
    const text = `${FROM}\n\nzero\n\n${FROM}\nContent-Length: ${length}\n\none\n${next}\n${FROM}\n\nlast\n`;
    const { dialect, texts } = await read(text);
    expect([dialect, texts.length]).to.deep.equal(['mboxrd', 4]);
    const wrong = await read(`${FROM}\nContent-Length: 7\n\none\n\n${FROM}\n\ntwo\n`, 'mboxcl2');
    expect(wrong.texts).to.have.length(2);
  });

  it('is found wherever its blocks are cut', async () => {
    for (let shift = -20; shift <= 20; shift++) {
      const filler = `${'x'.repeat(1023)}\n`.repeat(1023) + 'y'.repeat(1024 - FROM.length - 2 + shift);
      const { texts } = await read(`${FROM}\n${filler}\n\n${FROM}\nnext\n`);
      expect(
        texts.map((text) => text.length),
        `${shift}`,
      ).to.deep.equal([filler.length + 1, 5]);
    }
  });

  it('gives back what was quoted, wherever pieces are cut', () => {
    fc.assert(
      fc.property(lines, cuts, cuts, (text, some, others) => {
        const quoted = passed('quote', text, some);
        expect(quoted).to.equal(text.replace(/^(>*From )/gm, '>$1'));
        expect(passed('unquote', quoted, others)).to.equal(text);
        expect(passed('unquoteOne', text, some)).to.equal(text.replace(/^>From /gm, 'From '));
      }),
    );
  });

  it('begins its messages with the lines of other programs too', () => {
    const at = (line: string) => fromLineOf(line)?.receivedAtMs;
    expect(fromLineOf('From - Tue Feb 06 07:08:09 2024')).to.deep.equal({
      reversePath: undefined,
      receivedAtMs: Date.UTC(2024, 1, 6, 7, 8, 9),
    });
    expect(fromLineOf('From MAILER-DAEMON Tue Feb  6 07:08:09 2024\r')?.reversePath).to.equal('');
    expect(at('From a@b Tue Feb 6 07:08 2024')).to.equal(Date.UTC(2024, 1, 6, 7, 8));
    expect(at('From a@b Tue Feb  6 07:08:09 2024 +0100')).to.equal(Date.UTC(2024, 1, 6, 6, 8, 9));
    expect(at('From a@b Tue Feb  6 07:08:09 CET 2024')).to.equal(Date.UTC(2024, 1, 6, 7, 8, 9));
    for (const line of [
      'From me',
      'From a@b in 2024',
      'From a@b Tue Foo  6 07:08:09 2024',
      ' From a@b Tue Feb  6 07:08:09 2024',
    ])
      expect(fromLineOf(line), line).to.equal(undefined);
  });
});
