/** Two ends of a TCP connection on this machine, for what rests on what Node's sockets do. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface SocketPair {
  readonly client: Socket;
  readonly accepted: Socket;
  readonly close: () => void;
}

export async function socketPair(): Promise<SocketPair> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const coming = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const accepted = await coming;
  return {
    client,
    accepted,
    close: () => {
      client.destroy();
      accepted.destroy();
      server.close();
    },
  };
}

/** All that comes from now on. */
export function received(socket: Socket): () => Buffer {
  const pieces: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => pieces.push(bytes));
  return () => Buffer.concat(pieces);
}
