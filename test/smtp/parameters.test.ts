import { expect } from 'chai';
import { readParameters } from '../../src/smtp/parameters.js';

describe('parameters behind a path', () => {
  const valid: readonly (readonly [text: string, read: readonly (readonly [string, string | undefined])[]])[] = [
    ['', []],
    ['  ', []],
    [' SIZE=10', [['SIZE', '10']]],
    [' size=10', [['SIZE', '10']]],
    [' SMTPUTF8', [['SMTPUTF8', undefined]]],
    [
      ' SIZE=10 BODY=8BITMIME SMTPUTF8',
      [
        ['SIZE', '10'],
        ['BODY', '8BITMIME'],
        ['SMTPUTF8', undefined],
      ],
    ],
    [
      '  SIZE=10   SMTPUTF8  ',
      [
        ['SIZE', '10'],
        ['SMTPUTF8', undefined],
      ],
    ],
    [' SIZE=10 SIZE=10', [['SIZE', '10']]],
    [' SIZE=10 size=11', [['SIZE', '11']]],
    [' SMTPUTF8 SMTPUTF8', [['SMTPUTF8', undefined]]],
    [' X-1=a+2Bb<>,;', [['X-1', 'a+2Bb<>,;']]],
    [' ORCPT=rfc822;élodie', [['ORCPT', 'rfc822;élodie']]],
    [' 8BIT', [['8BIT', undefined]]],
    ['\tSIZE=10', [['SIZE', '10']]],
    [
      '\t SIZE=10 \t SMTPUTF8\t',
      [
        ['SIZE', '10'],
        ['SMTPUTF8', undefined],
      ],
    ],
  ];
  for (const [text, read] of valid)
    it(`are read from ${JSON.stringify(text)}`, () =>
      expect([...(readParameters(text) ?? [['none']])]).to.deep.equal(read));

  for (const text of [
    'SIZE=10',
    'x SIZE=10',
    ' SIZE=',
    ' =10',
    ' -X=1',
    ' A=B=C',
    ' A_B=1',
    ' SIZE=10 SIZE=',
    ' A=\t',
    ' A=b\u007f',
    ' é=1',
    ' SIZE = 10',
    '\u00a0SIZE=10',
  ])
    it(`are refused in ${JSON.stringify(text)}`, () => expect(readParameters(text)).to.equal(undefined));
});
