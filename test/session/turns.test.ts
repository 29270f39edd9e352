/** A session works no longer than its share, and others come between: counted, with a clock that steps by themselves. */
import { expect } from 'chai';
import { Turn, Turns } from '../../src/session/turns.js';
import { turn as loop } from '../support/dialogue-channel.js';

/** Long enough to be told from the work itself on a slow machine. */
const SHARE_MS = 20;
const LIMITS = { turnMs: 2 * SHARE_MS, shareMs: SHARE_MS };

function spend(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}

/** Works as long as it may, every time. */
class Greedy {
  readonly turn: Turn;
  times = 0;
  left: number;

  constructor(turns: Turns, steps: number) {
    this.left = steps;
    this.turn = new Turn(turns, () => this.work());
  }

  come(): void {
    if (!this.turn.begin(performance.now())) return;
    this.work();
    this.turn.end();
  }

  work(): void {
    this.times += 1;
    do spend(1);
    while (--this.left > 0 && this.turn.goesOn(4));
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let times = 0; !condition() && times < 1000; times++) await loop();
  expect(condition()).to.equal(true);
}

describe('the turns of sessions', () => {
  it('let a session that comes alone work at once', () => {
    const greedy = new Greedy(new Turns(LIMITS), 1);
    greedy.come();
    expect(greedy).to.include({ times: 1, left: 0 });
    expect(greedy.turn.isQueued).to.equal(false);
  });

  it('stop one that used its share, and let it go on later', async () => {
    const greedy = new Greedy(new Turns(LIMITS), 100);
    greedy.come();
    expect(greedy.left).to.be.within(1, 99);
    expect(greedy.turn.isQueued).to.equal(true);
    await until(() => greedy.left <= 0);
    expect(greedy.times).to.be.above(2);
  });

  it('bring one that comes late before those who had something already', async () => {
    const turns = new Turns(LIMITS);
    const greedy = Array.from({ length: 10 }, () => new Greedy(turns, 1_000_000));
    for (const one of greedy) one.come();
    await until(() => greedy.every(({ times }) => times > 0));
    const sum = (): number => greedy.reduce((all, { times }) => all + times, 0);
    const before = sum();
    let between = Infinity;
    const late: Turn = new Turn(turns, () => (between = sum() - before));
    turns.enqueue(late, 'fresh'); // As one that finds the turn used up.
    await until(() => between < Infinity);
    expect(between).to.equal(0);
    for (const one of greedy) one.left = 0;
    await until(() => greedy.every(({ turn }) => !turn.isQueued));
  });

  it('bring one that asks for little before those whose steps go far beyond their shares', async () => {
    const turns = new Turns({ turnMs: 4, shareMs: 2 });
    const ends: (() => void)[] = [];
    let worked = 0;
    const long = Array.from({ length: 8 }, () => {
      const turn: Turn = new Turn(turns, () => step());
      const step = (): void => {
        spend(20);
        worked += 1;
        setImmediate(come); // As when the client has taken what was written.
      };
      let come = (): void => {
        if (!turn.begin(performance.now())) return;
        step();
        turn.end();
      };
      ends.push(() => (come = () => undefined));
      return come;
    });
    for (const come of long) come();
    await until(() => worked >= 2 * long.length); // Each is known by now.
    const before = worked;
    let between = Infinity;
    const late: Turn = new Turn(turns, () => (between = worked - before));
    turns.enqueue(late, 'fresh');
    await until(() => between < Infinity);
    for (const end of ends) end();
    expect(between).to.be.below(3);
    await loop();
  });

  it('bring one that used more than its share, and then rested, before those who were stopped in the middle', async () => {
    const turns = new Turns({ turnMs: 4, shareMs: 2 });
    const flood = Array.from({ length: 10 }, () => new Greedy(turns, 1_000_000));
    for (const one of flood) one.come();
    await until(() => flood.every(({ times }) => times > 0));
    const sum = (): number => flood.reduce((all, { times }) => all + times, 0);
    let before = 0;
    let between = Infinity;
    const rested = new Turn(turns, () => (between = sum() - before));
    rested.grant(performance.now(), 2);
    spend(20);
    rested.end();
    before = sum();
    expect(rested.begin(performance.now())).to.equal(false);
    expect(rested.isSpent).to.equal(true);
    await until(() => between < Infinity);
    expect(between).to.equal(0);
    for (const one of flood) one.left = 0;
    await until(() => flood.every(({ turn }) => !turn.isQueued));
  });

  it('count what a session did, and not what the network and the store took behind it', async () => {
    const turns = new Turns({ turnMs: 4, shareMs: 2 });
    const small = new Turn(turns, () => expect.fail('it has had its turn'));
    const flood = Array.from({ length: 5 }, () => new Greedy(turns, 100));
    for (const one of flood) one.come();
    await loop();
    expect(small.begin(performance.now())).to.equal(true);
    small.end();
    spend(SHARE_MS);
    new Greedy(turns, 1).come(); // Who comes next is told what time it is.
    expect(small.usedMs(performance.now())).to.be.below(1);
    await until(() => flood.every(({ left }) => left <= 0));
  });

  it('count no time that the thread waited for a processor', () => {
    let delayMs = 0;
    const turns = new Turns(LIMITS, () => delayMs);
    const used = [0, 2 * SHARE_MS].map((waitedMs) => {
      const turn = new Turn(turns, () => undefined);
      turn.begin(performance.now());
      spend(2 * SHARE_MS);
      delayMs += waitedMs;
      return turn.usedMs(turn.end());
    });
    expect(used[0]).to.be.at.least(2 * SHARE_MS);
    expect(used[1]).to.be.below(SHARE_MS);
  });

  it('are crowded when a round has no whole share for each who waits', async () => {
    const turns = new Turns();
    const wait = (): void => turns.enqueue(new Turn(turns, () => undefined), 'fresh');
    for (let count = 0; count < 20; count++) wait();
    expect(turns.isCrowded).to.equal(false);
    wait();
    expect(turns.isCrowded).to.equal(true);
    await loop();
    expect(turns.isCrowded).to.equal(false);
  });

  it('bring everybody round', async () => {
    const turns = new Turns({ turnMs: 4, shareMs: 2 });
    const greedy = Array.from({ length: 20 }, () => new Greedy(turns, 10));
    for (const one of greedy) one.come();
    await until(() => greedy.every(({ left }) => left <= 0));
  });

  it('look at the network between: timers and others run while sessions flood', async () => {
    const turns = new Turns({ turnMs: 4, shareMs: 2 });
    const greedy = Array.from({ length: 5 }, () => new Greedy(turns, 100));
    for (const one of greedy) one.come();
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    await until(() => greedy.every(({ left }) => left <= 0));
    clearInterval(timer);
    expect(ticks).to.be.above(10);
  });
});
