/**
 * The process that measures how long a quiet server keeps a message: its only argument is a ThroughLoad in JSON. It is the client and
 * the next server too, so that one clock tells when each said or heard 250. Prints one LoadResult.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { percentiles } from '../measure/statistics.js';
import type { LoadResult } from './result.js';
import { runSmtpClient } from './smtp-client.js';
import type { ThroughLoad } from './smtp.js';

/** Between two messages: nothing is under way then. */
const QUIET_MS = 20;
const load = JSON.parse(process.argv[2] as string) as ThroughLoad;
const { port, relayPort, octets, to, login, seconds, warmUpSeconds } = load;
const times: number[] = [];
const arrivals: number[] = [];
let arrived: () => void = () => undefined;
let acceptedMs = 0;

const sink = createServer(serve).listen(relayPort, '127.0.0.1');
await once(sink, 'listening');
const warmMs = performance.now() + warmUpSeconds * 1000;
const endMs = warmMs + seconds * 1000;
await runSmtpClient({
  ...{ port, to, octets, chunking: false, goesOn },
  ...(login !== undefined && { login }),
  took: () => (acceptedMs = performance.now()),
});
sink.close();
const { p50 = 0, p99 = 0, p999 = 0 } = percentiles(times) ?? {};
const counts = { total: times.length, count: times.length, seconds, octets: times.length * octets };
process.stdout.write(`${JSON.stringify({ ...counts, p50, p99, p999, windows: [] } satisfies LoadResult)}\n`);
process.exit(0); // Connections to the sink may be kept.

async function goesOn(): Promise<boolean> {
  if (acceptedMs > 0) {
    while (arrivals.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
    const tookMs = (arrivals.shift() as number) - acceptedMs;
    if (acceptedMs > warmMs) times.push(tookMs);
    await pause(QUIET_MS);
  }
  return performance.now() < endMs;
}

/** Takes everything. */
function serve(socket: Socket): void {
  let [text, isData] = ['', false];
  socket
    .setNoDelay()
    .setEncoding('latin1')
    .on('error', () => undefined);
  socket.write('220 sink\r\n');
  socket.on('data', (piece: string) => {
    text += piece;
    for (;;) {
      const end = text.indexOf(isData ? '\r\n.\r\n' : '\r\n');
      if (end === -1) return;
      const line = text.slice(0, end).toUpperCase();
      text = text.slice(end + (isData ? 5 : 2));
      isData = answer(socket, line, isData);
    }
  });
}

/** Whether a message follows. */
function answer(socket: Socket, line: string, isEnd: boolean): boolean {
  if (!isEnd && line === 'DATA') {
    socket.write('354 go on\r\n');
    return true;
  }
  if (!isEnd && line === 'QUIT') socket.end('221 bye\r\n');
  else
    socket.write(
      !isEnd && line.startsWith('EHLO') ? '250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n' : '250 2.0.0 ok\r\n',
    );
  if (!isEnd) return false;
  arrivals.push(performance.now());
  arrived();
  return false;
}
