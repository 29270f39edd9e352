import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import type { Outcome } from '../../src/session/command.js';
import { dispatch } from '../../src/session/dispatch.js';
import { tableOf } from '../../src/session/protocol.js';
import { readRequest } from '../../src/session/request.js';
import { toy, toyContext, type ToyState } from '../support/dialogue-protocol.js';

const SHUT: ToyState = { at: 'shut' };
const OPEN: ToyState = { at: 'open', name: 'good' };

describe('a command line', () => {
  for (const [line, verb, argument] of [
    ['NOOP', 'NOOP', ''],
    ['noop', 'NOOP', ''],
    ['NOOP ', 'NOOP', ''],
    ['mail FROM:<a@b>', 'MAIL', 'FROM:<a@b>'],
    ['PASS  two  words ', 'PASS', ' two  words '],
    ['', '', ''],
    [' NOOP', 'NOOP', ''],
    ['\t NOOP\tx', 'NOOP', 'x'],
    ['PASS\t two\t', 'PASS', ' two\t'],
    ['\u00a0NOOP', '\u00a0NOOP', ''],
    ['USER \ufffd', 'USER', '\ufffd'],
    ['USER élodie', 'USER', 'élodie'],
  ] as const)
    it(`${JSON.stringify(line)} is a verb and its argument`, () =>
      expect(readRequest(Buffer.from(line))).to.deep.equal({ verb, argument, isUtf8: true }));

  for (const [line, argument] of [
    ['NOOP \xff', 'ÿ'],
    ['NOOP \xc3', 'Ã'],
    ['NOOP \xed\xa0\x80', 'í\xa0\x80'],
  ] as const)
    it(`${JSON.stringify(line)} is read as Latin-1`, () =>
      expect(readRequest(Buffer.from(line, 'latin1'))).to.deep.equal({ verb: 'NOOP', argument, isUtf8: false }));

  for (const line of ['NO\0OP', 'NOOP\r', '\rNOOP', 'NOOP\nRSET', 'PASS \xff\0', '\xff\n'])
    it(`${JSON.stringify(line)} is not one`, () =>
      expect(readRequest(Buffer.from(line, 'latin1'))).to.equal(undefined));
});

describe('a table of commands', () => {
  it('refuses a verb that stands twice', () => {
    const [row] = [...toy.commands.values()];
    if (row === undefined) throw new Error('the table is empty');
    expect(() => tableOf([row, row])).to.throw('twice');
  });
});

describe('dispatch', () => {
  function ask(verb: string, argument = '', state: ToyState = OPEN, locked = false) {
    return dispatch(toy, { verb, argument, isUtf8: true }, state, { ...toyContext(), locked });
  }

  function text(outcome: Outcome<ToyState> | Promise<Outcome<ToyState>>): string {
    if (outcome instanceof Promise || !('reply' in outcome)) throw new Error('not a reply');
    return Buffer.from(outcome.reply.head).toString().trimEnd();
  }

  it('runs the row of the verb', () => expect(text(ask('ECHO', 'a b'))).to.equal('echo a b'));

  it('names an unknown verb', () => {
    expect(text(ask('XYZZY', 'x'))).to.equal('unknown XYZZY open');
    expect(text(ask('constructor'))).to.equal('unknown constructor open');
    expect(text(ask('__proto__'))).to.equal('unknown __proto__ open');
  });

  it('refuses by state before anything else', () => {
    expect(text(ask('GATED', 'nonsense', SHUT, true))).to.equal('bad sequence: GATED shut');
    expect(text(ask('OPEN', '', OPEN))).to.equal('bad sequence: OPEN open');
  });

  it('then by its gates', () => expect(text(ask('GATED', 'nonsense', OPEN, true))).to.equal('locked'));

  it('then by its grammar', () =>
    expect(text(ask('GATED', 'nonsense', { at: 'open', name: 'bad' }))).to.equal('syntax GATED'));

  it('then by what the state holds', () => {
    expect(text(ask('GATED', '', { at: 'open', name: 'bad' }))).to.equal('refused');
    expect(text(ask('GATED'))).to.equal('passed');
  });

  it('lets a command say what becomes of its refusal', () => {
    expect(text(ask('SKIP', 'it', SHUT))).to.equal('skipped it bad sequence: SKIP shut');
    expect(text(ask('SKIP', 'two words'))).to.equal('skipped two words syntax SKIP');
    expect(text(ask('SKIP', 'it'))).to.equal('not skipped');
  });

  it("answers a StoreError in the protocol's words, now and later", async () => {
    expect(text(ask('STORE', 'now'))).to.equal('store busy');
    expect(text(await ask('STORE', 'later'))).to.equal('store busy');
  });

  it('passes a bug on, now and later', async () => {
    expect(() => ask('BUG')).to.throw('secret text of a bug');
    let error: unknown;
    await Promise.resolve(ask('LATEBUG')).catch((thrown: unknown) => (error = thrown));
    expect(error).to.be.an('error').with.property('message', 'secret text of a late bug');
  });
});
