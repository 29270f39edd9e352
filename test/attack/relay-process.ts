/** Takes all mail, and tells which port it listens on. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { goBelow } from './below.js';

await goBelow();
const server = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  logger: false,
  onData: (stream, _, taken) => void stream.resume().once('end', () => taken()),
});
server.on('error', () => undefined); // A session that the server under attack has cut.
const listening = server.listen(0, '127.0.0.1', () => process.send?.((listening.address() as AddressInfo).port));
