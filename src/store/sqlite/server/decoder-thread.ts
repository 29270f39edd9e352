/** The decoder's thread: the MIME library, on a heap of its own, and a connection that only reads. */
import { parentPort } from 'node:worker_threads';
import { openForReading } from '../database/database.js';
import type { DecoderData, DecoderTask, DecoderTold } from './decoder.js';
import { decodeText } from '../../../message/text.js';
import { threadData } from '../database/thread-start.js';

const { db } = threadData() as DecoderData;
const chunk = openForReading(db).prepare<[number], Buffer>('select data from chunk where body = ? and seq = 0').pluck();

parentPort?.on('message', (body: DecoderTask) => void decode(body));

async function decode(body: DecoderTask): Promise<void> {
  const first = firstChunk(body);
  send({ kind: 'begun' });
  send({ kind: 'decoded', decoded: await decodeText(first) });
}

/** What the disk does not give is noticed by whoever wants the message itself. */
function firstChunk(body: number): Buffer | undefined {
  try {
    return chunk.get(body);
  } catch {
    return undefined;
  }
}

function send(told: DecoderTold): void {
  parentPort?.postMessage(told);
}
