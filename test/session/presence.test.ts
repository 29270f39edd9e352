/** What a session knows of its client when it is asked whether that is leaving: also what the network has for it, unread as yet. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { Presence } from '../../src/session/presence.js';

describe('the presence of a client', () => {
  const states = (...seen: readonly (readonly [leaving: boolean, behind: boolean])[]) => {
    let at = 0;
    const now = (): readonly [boolean, boolean] => seen[Math.min(at, seen.length - 1)] as readonly [boolean, boolean];
    return {
      get isLeaving() {
        return now()[0];
      },
      get isBehind() {
        const [, behind] = now();
        at += 1;
        return behind;
      },
    };
  };

  it('is there where nobody says otherwise', async () => {
    const presence = new Presence();
    expect(await presence.isLeaving()).to.equal(false);
    presence.of({ isLeaving: false, isBehind: false });
    expect(await presence.isLeaving()).to.equal(false);
    expect(presence.gone.aborted).to.equal(false);
  });

  it('is waited for while what came is unread, and not for ever', async () => {
    const presence = new Presence();
    presence.of(states([false, true], [false, true], [true, true]));
    expect(await presence.isLeaving()).to.equal(true);
    presence.of(states([false, true]));
    expect(await presence.isLeaving()).to.equal(false);
  });

  it('is over with the session', () => {
    const presence = new Presence();
    presence.end();
    presence.end();
    expect(presence.gone.aborted).to.equal(true);
  });

  for (const leave of ['end', 'resetAndDestroy'] as const)
    it(`takes in that a client has gone by ${leave}, behind its last words, before this process has heard of it`, async () => {
      const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
      const [socket] = (await once(server, 'connection')) as [Socket];
      let isLeaving = false;
      socket.on('error', () => undefined).on('data', () => undefined);
      socket.on('end', () => (isLeaving = true)).on('close', () => (isLeaving = true));
      const presence = new Presence();
      presence.of({
        get isLeaving() {
          return isLeaving;
        },
        isBehind: false,
      });
      await new Promise<void>((resolve) => void client.write('last words', () => resolve()));
      client[leave]();
      await new Promise((resolve) => setImmediate(resolve)); // It has left by now.
      for (const untilMs = performance.now() + 5; performance.now() < untilMs;); // And nobody looks.
      expect(await presence.isLeaving()).to.equal(true);
      socket.destroy();
      server.close();
    });
});
