/** What the benchmark makes of its results: verdicts, chart, page, and which rows are measured when. */
import { expect } from 'chai';
import { isNamed, readArguments, UsageError } from '../../bench/arguments.js';
import { node } from '../../bench/peers/node.js';
import { planRound } from '../../bench/plan.js';
import { withFigures } from '../../bench/report/publish.js';
import { bars, lines, scale, svg } from '../../bench/report/svg.js';
import { figure } from '../../bench/report/words.js';
import { Results } from '../../bench/results.js';
import { scenarios, stages } from '../../bench/scenarios.js';
import { targets, type Target } from '../../bench/targets.js';

const target: Target = {
  work: 'accept',
  scenario: 'new-20-4k',
  figure: 'rate',
  better: 'more',
  against: { peer: 'postfix' },
  atLeast: 4,
};

function measured(pairs: readonly (readonly [ours: number, theirs: number])[]): Results {
  const results = new Results();
  pairs.forEach(([ours, theirs], at) => {
    results.add({ scenario: 'new-20-4k', peer: 'pennypost', round: at + 1, figures: { rate: ours } });
    results.add({ scenario: 'new-20-4k', peer: 'postfix', round: at + 1, figures: { rate: theirs } });
  });
  return results;
}

describe("the benchmark's report", () => {
  it('judges a target by the median of the ratios of its rounds', () => {
    const { ratio, met } = measured([[400, 100], [900, 100], [300, 100]]).judge(target); // prettier-ignore
    expect([ratio, met]).to.deep.equal([4, true]);
    expect(measured([[399, 100]]).judge(target).met).to.equal(false);
  });

  it('names what it measures beside us as it is installed', async () => {
    expect(await node.version()).to.match(
      /^smtp-server \d+\.\d+\.\d+, SQLite \d+\.\d+\.\d+ in better-sqlite3 \d+\.\d+\.\d+$/,
    );
  });

  it('does not judge what was not measured or failed', () => {
    expect(new Results().judge(target).met).to.equal(undefined);
    const results = measured([]);
    results.add({ scenario: 'new-20-4k', peer: 'postfix', round: 1, failure: 'was not done in time' });
    expect(results.judge(target).met).to.equal(undefined);
    expect(results.failures).to.have.length(1);
  });

  it('compares two rows of one peer, and adds an allowance', () => {
    const results = new Results();
    results.add({ scenario: 'workers-8', peer: 'pennypost', round: 1, figures: { rate: 90 } });
    results.add({ scenario: 'workers-2', peer: 'pennypost', round: 1, figures: { rate: 100 } });
    const against = { peer: 'pennypost', scenario: 'workers-2' } as const;
    expect(results.judge({ ...target, scenario: 'workers-8', against, atLeast: 0.8 }).ratio).to.equal(0.9);
    results.add({ scenario: 'idle', peer: 'pennypost', round: 1, figures: { memoryMiB: 100 } });
    results.add({ scenario: 'idle', peer: 'postfix+dovecot', round: 1, figures: { memoryMiB: 50 } });
    const idle = { ...target, scenario: 'idle', figure: 'memoryMiB', better: 'less', allowance: 150 } as const;
    expect(results.judge({ ...idle, against: { peer: 'postfix+dovecot' } }).ratio).to.equal(2);
  });

  it('draws bars in proportion and escapes what it writes', () => {
    expect(scale(5, [0, 10], [100, 200])).to.equal(150);
    expect(scale(3, [3, 3], [100, 200])).to.equal(150);
    const drawn = svg([bars('a <b> & c', [{ label: 'one', value: 2, note: '2 ×', good: true }])]);
    expect(drawn)
      .to.match(/^<svg [^>]*>\n/)
      .and.match(/<\/svg>\n$/);
    expect(drawn).to.include('a &lt;b&gt; &amp; c').and.include('2 ×').and.not.include('NaN');
  });

  it('draws curves from nothing stored to a million', () => {
    const line = { label: 'Pennypost', points: [[0, 100], [1e6, 50]] as const }; // prettier-ignore
    const { svg: drawn } = lines('growth', [line], { x: 'messages', y: 'rate', logarithmic: true });
    expect(drawn).to.include('points="70,34 730,124"').and.include('1,000,000');
  });

  it('keeps what stands around the figures of the page', () => {
    const begin = '<!-- figures: written by `npm run bench -- --publish`; do not edit -->';
    const page = `before\n\n${begin}\n\nold\n\n<!-- end of the figures -->\n\nafter\n`;
    expect(withFigures(page, 'new')).to.equal(page.replace('old', 'new'));
    expect(() => withFigures('no marks', 'new')).to.throw(/no marks/);
  });

  it('writes three digits that matter', () => {
    expect([0.01234, 1.5, 12.345, 1234.5].map((n) => figure(n))).to.deep.equal(['0.0123', '1.5', '12.3', '1,235']);
    expect(figure(undefined)).to.equal('–');
  });
});

describe('what the benchmark measures', () => {
  const names = scenarios.map(({ name }) => name);
  const rowsOf = (round: number, ...argv: readonly string[]) =>
    planRound(round, stages, readArguments(argv, '/')).flatMap((stage) =>
      stage.scenarios.map((one) => one.scenario.name),
    );

  it('has one name for each row, and a row for each target', () => {
    expect(new Set(names).size).to.equal(names.length);
    for (const { scenario, against } of targets)
      expect(names).to.include.members([scenario, against.scenario ?? scenario]);
    for (const { scenario, against } of targets.filter((one) => one.against.scenario === undefined))
      expect(scenarios.find(({ name }) => name === scenario)?.peers).to.include.members(['pennypost', against.peer]);
  });

  it('repeats the rows of targets and measures the others once', () => {
    const [first, second] = [rowsOf(1), rowsOf(2)];
    expect(first)
      .to.include.members(['kept-20-1k', 'new-400-4k', 'stored-100k', 'mix'])
      .and.not.include('new-1-1k-x50');
    expect(new Set(second)).to.deep.equal(
      new Set(targets.flatMap((t) => [t.scenario, t.against.scenario ?? t.scenario])),
    );
    expect(first).to.include.members(second);
    expect(rowsOf(1, '--long')).to.have.length(names.length);
  });

  it('leaves to the short form what is quick, and to --only what it names', () => {
    expect(rowsOf(1, '--short')).to.include('new-20-4k').and.not.include.members(['stored-1m', 'mix']);
    expect(rowsOf(1, '--only', 'stat-*,idle')).to.deep.equal(names.filter((name) => /^(stat-|idle$)/.test(name)));
    expect(isNamed('stat-100', ['stat-1'])).to.equal(false);
  });

  it('refuses a command line that it does not understand', () => {
    for (const argv of [['--fast'], ['short'], ['--rounds', '0'], ['--short', '--long']])
      expect(() => readArguments(argv, '/'), argv.join(' ')).to.throw(UsageError);
  });
});
