/** Places that are kept: for those who are no strangers, and for each service. */
import { expect } from 'chai';
import type { ServiceGroup } from '../../src/cluster/control/messages.js';
import { Strangers } from '../../src/cluster/supervisor/strangers.js';

const worker = { send: () => undefined };

describe('strangers', () => {
  function fill(strangers: Strangers, group: ServiceGroup): number {
    for (let count = 0; ; count++) {
      if (!strangers.hasPlace(group)) return count;
      strangers.enter(worker, group);
    }
  }

  function make(maxSessions: number, ...groups: readonly ServiceGroup[]): Strangers {
    return new Strangers(
      () => maxSessions,
      () => new Set(groups),
    );
  }

  it('leave a twentieth to others, and a twentieth to each other service that is there', () => {
    const strangers = make(1000, 'smtp', 'submission', 'pop3');
    expect(fill(strangers, 'smtp')).to.equal(850);
    expect(strangers.areMany).to.equal(true);
    expect(fill(strangers, 'pop3')).to.equal(50);
    expect(fill(strangers, 'submission')).to.equal(50);
    expect(strangers.hasMoreThanReserved('smtp')).to.equal(true);
    expect(strangers.hasMoreThanReserved('pop3')).to.equal(false);
    strangers.remove(worker);
    expect(fill(strangers, 'submission')).to.equal(850);
  });

  it('have all places but a twentieth when there is one service, and all of a few', () => {
    expect(fill(make(1000, 'smtp'), 'smtp')).to.equal(950);
    expect(fill(make(7, 'smtp', 'pop3'), 'pop3')).to.equal(7);
  });
});
