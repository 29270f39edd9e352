/** What the benchmark computes from what it sees; speed itself is never tested. */
import { expect } from 'chai';
import { advantage, median, percentile, percentiles } from '../../bench/measure/statistics.js';
import { smtpSourceArguments } from '../../bench/load/smtp-source.js';
import { parseStat } from '../../bench/processes/tree.js';

describe("the benchmark's measures", () => {
  it('take the middle value as the median, and the mean of two in the middle', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
    expect(median([])).to.equal(undefined);
  });

  it('take percentiles by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect(percentiles(hundred)).to.deep.equal({ p50: 50, p99: 99, p999: 100 });
    expect(percentile([7], 0.999)).to.equal(7);
    expect(percentile([], 0.5)).to.equal(undefined);
    expect(percentiles([])).to.equal(undefined);
  });

  it('say how many times better, for rates and for times', () => {
    expect(advantage(4000, 1000, 'more')).to.equal(4);
    expect(advantage(5, 20, 'less')).to.equal(4);
    expect(advantage(1, 0, 'more')).to.equal(undefined);
  });

  it('read proc(5) whatever a program is called, and count the time of its ended children', () => {
    const line = '42 (a) b (c) S 7 42 42 0 -1 4194304 1 2 3 4 100 20 3 4 20 0 1 0 99 1000 2 18446744073709551615';
    expect(parseStat(line)).to.deep.equal({ pid: 42, state: 'S', parent: 7, cpuTicks: 127 });
  });

  it('tell smtp-source what to send', () => {
    const load = { port: 2525, sessions: 20, octets: 4096, recipients: 50, kept: true };
    const line = smtpSourceArguments(load, 1000).join(' ');
    expect(line).to.match(/^-d -s 20 -m 1000 -l 4096 -r 50 .*-t box@localhost 127\.0\.0\.1:2525$/);
    expect(smtpSourceArguments({ ...load, kept: false, lmtp: true }, 1))
      .to.include('-L')
      .and.not.include('-d');
  });
});
