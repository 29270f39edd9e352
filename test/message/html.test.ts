/** What is left of HTML for a shell. That it takes no longer than its length is told by text.test.ts. */
import { expect } from 'chai';
import { textOfHtml } from '../../src/message/html.js';

const cases: readonly (readonly [rule: string, html: string, text: string])[] = [
  [
    'tags go, paragraphs and breaks end lines',
    '<p>one</p><div>two</div>three<br/>four<BR>five',
    'one\ntwo\nthree\nfour\nfive',
  ],
  ['headings, rows and items end lines', '<h1>a</h1><tr><td>b</td></tr><li>c</li>d', 'a\nb\nc\nd'],
  ['styles, scripts and comments are not read', 'a<style>p{}</style>b<SCRIPT >x<y</script\n>c<!-- <p> -->d', 'abcd'],
  ['a style, comment or tag without an end takes the rest', 'a<style>p{}', 'a'],
  ['a comment without an end takes the rest', 'a<!-- b', 'a'],
  ['a tag without an end takes the rest', 'a<b c', 'a'],
  ['what begins no tag is text', '1 < 2 && 3 <4 <', '1 < 2 && 3 <4 <'],
  ['entities are read, by name and number', '&lt;&AMP;&quot;&apos;&nbsp;&#8364;&#x20ac;', '<&"\' €€'],
  ['what is no entity stays', '&x; &#; &#x110000; &#99999999; &amp', '&x; &#; &#x110000; &#99999999; &amp'],
  ['entities make no tags', '&lt;b&gt;bold&lt;/b&gt;', '<b>bold</b>'],
  ['empty lines and blanks at the ends go', ' a \r\n\r\n\t b\t\n \n', 'a\nb'],
  ['there may be nothing', '<img src=x>', ''],
];

describe('the text of HTML', () => {
  for (const [rule, html, text] of cases) it(rule, () => expect(textOfHtml(html)).to.equal(text));
});
