/** That the log says once when a next hop becomes a problem, and once when it is none any more. */
import { expect } from 'chai';
import { parseRelayUrl } from '../../src/outbound/client/relay-url.js';
import { ProblemLog } from '../../src/outbound/problem-log.js';

describe('the log of problems with next hops', () => {
  it('has a line when one begins, none while it lasts, and one when it ends', () => {
    const lines: string[] = [];
    const write =
      (level: string) =>
      (about: unknown, sentence = ''): void =>
        void lines.push(`${level} ${JSON.stringify(about)} ${sentence}`);
    const log = new ProblemLog({ warn: write('warn'), info: write('info') });
    const problem = (sentence: string) => ({ hop: parseRelayUrl('smtp://relay.example.org').nextHop, sentence });
    for (const problems of [[], [problem('refuses')], [problem('refuses still')], [], []]) log.look(problems);
    expect(lines).to.deep.equal([
      'warn {"host":"relay.example.org"} refuses',
      'info {"host":"relay.example.org"} the next hop takes mail again, or is used no more, or with another login',
    ]);
  });
});
