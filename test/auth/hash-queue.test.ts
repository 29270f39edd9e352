/** Whose password is hashed next: turns, who comes first, and what happens when too many wait. */
import { expect } from 'chai';
import { HASH_LIMITS, HashQueue } from '../../src/auth/hash-queue.js';

interface Hash {
  readonly client: string;
  readonly end: () => void;
}

describe('the queue of hashes', () => {
  let queue: HashQueue;
  let running: Hash[];
  let order: string[];

  function make(limits: Partial<typeof HASH_LIMITS> = {}): void {
    queue = new HashQueue({ ...HASH_LIMITS, atOnce: 1, ...limits });
    running = [];
    order = [];
  }

  beforeEach(() => make());

  /** 'done', or 'refused' when there was no room or no time. */
  async function hash(client: string, known = false): Promise<string> {
    const work = () =>
      new Promise<string>((resolve) => {
        order.push(client);
        running.push({ client, end: () => resolve('done') });
      });
    return (await queue.run({ client, known }, work)) ?? 'refused';
  }

  function many(count: number, client: string, known = false): readonly Promise<string>[] {
    return Array.from({ length: count }, () => hash(client, known));
  }

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  async function endAll(): Promise<void> {
    for (await turn(); running.length > 0; await turn()) running.shift()?.end();
  }

  it('runs so many at once and no more', async () => {
    make({ atOnce: 2 });
    const all = many(5, 'a');
    await turn();
    expect(running).to.have.length(2);
    await endAll();
    expect(await Promise.all(all)).to.deep.equal(Array(5).fill('done'));
  });

  it('lets clients take turns: one that asks once waits for nobody twice', async () => {
    const all = [...many(5, 'a'), ...many(3, 'b'), hash('c')];
    await endAll();
    await Promise.all(all);
    expect(order.join('')).to.equal('aabcababa');
  });

  it('lets those that are known go first', async () => {
    const all = [...many(3, 'a'), ...many(2, 'known', true)];
    await endAll();
    await Promise.all(all);
    expect(order).to.deep.equal(['a', 'known', 'known', 'a', 'a']);
  });

  it('bounds what a client has waiting', async () => {
    make({ waitingOfClient: 2 });
    const all = many(4, 'a');
    await endAll();
    expect(await Promise.all(all)).to.deep.equal(['done', 'done', 'done', 'refused']);
  });

  it('when it is full takes room from who has most, and from strangers for one that is known', async () => {
    make({ waiting: 4 });
    const [crowd, other] = [many(5, 'a'), hash('b')];
    const last = hash('b');
    const known = hash('known', true);
    await endAll();
    expect(await Promise.all(crowd)).to.deep.equal(['done', 'done', 'refused', 'refused', 'refused']);
    expect(await Promise.all([other, last, known])).to.deep.equal(['done', 'done', 'done']);
  });

  it('refuses who waits too long, and goes on when a hash has failed', async () => {
    make({ waitMs: 20 });
    const failing = queue.run({ client: 'a', known: false }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      throw new Error('no memory');
    });
    expect(await hash('b')).to.equal('refused');
    expect(await failing.catch((error: unknown) => (error as Error).message)).to.equal('no memory');
    const next = hash('b');
    await endAll();
    expect(await next).to.equal('done');
  });
});
