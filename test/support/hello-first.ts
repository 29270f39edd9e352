/**
 * A relay for SMTP clients that send STARTTLS before EHLO, as GNU SASL's does: it says EHLO in their place, and from
 * there on passes bytes. TLS is the client's own, end to end.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  close(): void;
}

export async function helloFirst(port: number): Promise<Relay> {
  const server = createServer((client) => void relay(client, port));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function relay(client: Socket, port: number): Promise<void> {
  const server = connect({ port, host: '127.0.0.1' });
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const)
    one.on('error', () => other.destroy()).on('close', () => other.destroy());
  client.write(await heard(server, /\r\n$/));
  const command = await heard(client, /\n$/);
  server.write('EHLO relay.example\r\n');
  await heard(server, /(?:^|\n)250 .*\r\n$/);
  server.write(command);
  server.pipe(client);
  client.pipe(server);
}

/** Everything up to where it ends so; nothing more is read then. */
function heard(socket: Socket, end: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const listen = (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (!end.test(text)) return;
      socket.off('data', listen).pause();
      resolve(text);
    };
    socket.on('data', listen).resume();
  });
}
