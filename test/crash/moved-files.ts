/** Files that are taken away from under a running server, and come back. Nothing that was acknowledged is in what is left behind. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import type { Chance } from '../support/ledger-chance.js';
import { eventually } from '../support/eventually.js';
import { pause, type Fault } from './faults.js';

const AWAY_MS = 1_500;

function movedFor(server: { readonly db: string }, chance: Chance): Promise<void> {
  const away = `${server.db}.away`;
  renameSync(server.db, away);
  return pause(chance.between(0, AWAY_MS)).finally(() => renameSync(away, server.db));
}

const moveDatabase: Fault = {
  name: 'move the database away and back',
  async strike(server, chance) {
    await movedFor(server, chance);
    return server;
  },
};

const removeCompanion: Fault = {
  name: 'remove -wal, -shm or .lock',
  async strike(server, chance) {
    const companion = `${server.db}${chance.pick(['-wal', '-shm', '.lock'])}`;
    rmSync(companion, { force: true });
    await eventually('it to be made again', () => existsSync(companion), 20_000);
    return server;
  },
};

export const movedFiles: readonly Fault[] = [moveDatabase, removeCompanion];
