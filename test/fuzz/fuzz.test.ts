/** A minute of fuzz. SEED in the environment sets what is random; `npm run fuzz` takes longer. */
import { expect } from 'chai';
import { Server } from '../support/server.js';
import { fuzz } from './fuzz.js';
import { preludes } from './words.js';

const DURATION_MS = 60_000;
/** Clients that wait for the close get it within half a minute. */
const TIMEOUT_MS = 3 * DURATION_MS;

describe('a server that is told nonsense', function () {
  this.timeout(TIMEOUT_MS);
  let server: Server;

  before(async () => {
    server = await Server.start();
  });
  after(() => server.release());

  it('answers or closes, and is there afterwards', async () => {
    const seed = Number(process.env['SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
    const { sessions, bytes, states, messages } = await fuzz({ server, seed, durationMs: DURATION_MS });
    console.log(`      SEED=${seed}: ${sessions} sessions, ${bytes} bytes, ${messages} messages accepted`);
    const all = (['smtp', 'pop3'] as const).flatMap((protocol) =>
      [...preludes(protocol, '', '').keys()].map((state) => `${protocol} ${state}`),
    );
    expect([...states.keys()]).to.have.members(all);
    expect(sessions).to.be.above(100);
  });
});
