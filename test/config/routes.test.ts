/** Where a route leads, as an operator writes it. */
import { expect } from 'chai';
import { routeAction } from '../../src/config/routes.js';
import { InvalidValue } from '../../src/config/units.js';

describe('where a route leads', () => {
  it('is one or more relays, as they were written', () => {
    expect(routeAction('smtp://a.example:25, lmtp:/run/l')).to.deep.equal({
      ...{ kind: 'relay', urls: ['smtp://a.example:25', 'lmtp:/run/l'] },
    });
  });

  it('is hold, with words or without', () => {
    expect(routeAction('hold')).to.deep.equal({ kind: 'hold', text: 'Put on hold by a route' });
    expect(routeAction('HOLD: they move')).to.deep.equal({ kind: 'hold', text: 'they move' });
  });

  it('is an error, with an enhanced code of its own or the usual one, and never one that would end', () => {
    expect(routeAction('error:5.1.2 No such domain')).to.deep.equal({
      ...{ kind: 'error', status: '5.1.2', text: 'No such domain' },
    });
    expect(routeAction('error:4.1.2 Later')).to.include({ status: '5.1.2' });
    expect(routeAction('error:5.1.2')).to.include({ status: '5.1.2', text: 'No mail is sent to this destination' });
    expect(() => routeAction('error:2.0.0 Fine')).to.throw(/5\.x\.x such as 5\.1\.2, not '2\.0\.0 Fine'/);
    expect(routeAction('error:')).to.include({ status: '5.7.1', text: 'No mail is sent to this destination' });
  });

  for (const wrong of [
    'none',
    '',
    'discard',
    'http://a.example',
    'smtp://u:p@a.example',
    'error:a\u001b[2J',
    `hold:${'x'.repeat(201)}`,
  ])
    it(`is not '${wrong.slice(0, 30).replace('\u001b', '?')}'`, () => {
      expect(() => routeAction(wrong)).to.throw(InvalidValue);
    });
});
