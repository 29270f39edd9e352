/**
 * The dialogue files over the store in memory, none of whose answers comes at once: what sessions say does not depend on that.
 * As they are written, and cut here and there; every byte is for the store that answers at once.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MemoryServer } from '../store/memory/store.js';
import { readDialogue } from '../support/dialogue.js';
import { cutAt, cutPositions, play, whole } from '../support/dialogue-run.js';
import { Stage, type Ground } from '../support/dialogue-stage.js';

const FOLDER = new URL('../../../test/dialogue/', import.meta.url);
const CUTS = 5;

function inMemory(): Promise<Ground> {
  const server = new MemoryServer();
  const [forSessions, own] = [server.connect(), server.connect('at once')];
  return Promise.resolve({ forSessions, own, close: () => forSessions.close() });
}

for (const protocol of ['smtp', 'pop3'] as const) {
  const folder = fileURLToPath(new URL(`${protocol}/`, FOLDER));
  describe(`${protocol} dialogue over a store that answers later`, () => {
    for (const file of readdirSync(folder)) {
      const dialogue = readDialogue(`${folder}${file}`);
      it(dialogue.name, async () => {
        const stage = await Stage.set(dialogue.givens, inMemory);
        await play(dialogue, stage, whole, 'as written');
        const positions = cutPositions(dialogue);
        for (let cut = 1; cut <= CUTS; cut++) {
          const position = positions[Math.floor((positions.length * cut) / (CUTS + 1))];
          if (position === undefined) break;
          await stage.reset();
          await play(dialogue, stage, cutAt(position), `cut at byte ${position}`);
        }
        await stage.close();
      });
    }
  });
}
