/** Every dialogue file, as it is written and then with everything the client says cut at every byte. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readDialogue } from '../support/dialogue.js';
import { cutAt, cutPositions, everyByte, longestPayload, play, whole } from '../support/dialogue-run.js';
import { Stage } from '../support/dialogue-stage.js';

/** Compiled tests run from dist/test/dialogue; the files stay where they are written. */
const FOLDER = new URL('../../../test/dialogue/', import.meta.url);
/** Byte by byte, a turn of the event loop each, is for payloads up to this. */
const EVERY_BYTE_LIMIT_BYTES = 2048;

for (const protocol of ['smtp', 'pop3'] as const) {
  const folder = fileURLToPath(new URL(`${protocol}/`, FOLDER));
  describe(`${protocol} dialogue`, () => {
    for (const file of readdirSync(folder)) {
      const dialogue = readDialogue(`${folder}${file}`);
      describe(`${dialogue.name}: ${dialogue.rule}`, () => {
        let stage: Stage;
        before(async () => (stage = await Stage.set(dialogue.givens)));
        after(() => stage.close());

        it('as written', () => play(dialogue, stage, whole, 'as written'));

        it('cut at every byte', async () => {
          for (const position of cutPositions(dialogue)) {
            await stage.reset();
            await play(dialogue, stage, cutAt(position), `cut at byte ${position}`);
          }
          if (longestPayload(dialogue) > EVERY_BYTE_LIMIT_BYTES) return;
          await stage.reset();
          await play(dialogue, stage, everyByte, 'every byte alone');
        });
      });
    }
  });
}
