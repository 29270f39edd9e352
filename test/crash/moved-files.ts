/** Files that are taken away from under a running server, and come back. Nothing that was acknowledged is in what is left behind. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import type { Chance } from '../support/ledger-chance.js';
import { eventually } from '../support/eventually.js';
import { pause, type Fault } from './faults.js';

const AWAY_MS = 1_500;

function movedFor(path: string, chance: Chance): Promise<void> {
  const away = `${path}.away`;
  renameSync(path, away);
  return pause(chance.between(0, AWAY_MS)).finally(() => renameSync(away, path));
}

function moves(name: string, what: 'db' | 'directory'): Fault {
  return {
    name,
    async strike(server, chance) {
      await movedFor(server[what], chance);
      return server;
    },
  };
}

const removeCompanion: Fault = {
  name: 'remove -wal, -shm or .lock',
  async strike(server, chance) {
    const companion = `${server.db}${chance.pick(['-wal', '-shm', '.lock'])}`;
    rmSync(companion, { force: true });
    await eventually('it to be made again', () => existsSync(companion), 20_000);
    return server;
  },
};

export const movedFiles: readonly Fault[] = [
  moves('move the database away and back', 'db'),
  moves('move its directory away and back', 'directory'),
  removeCompanion,
];
