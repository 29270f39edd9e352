/** The generated pages are what the tables say today. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { generatedPages } from '../../scripts/docs/pages.js';

describe('the generated pages', () => {
  it('are what `npm run docs` would write', async () => {
    for (const { path, text } of await generatedPages())
      expect(readFileSync(path, 'utf8'), `${path} is stale: npm run docs`).to.equal(text);
  }).timeout(30_000); // Also where no configuration of mocha is read.
});
