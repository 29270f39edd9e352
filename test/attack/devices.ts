/** Attacks on the port for devices: by a listed one, and from addresses that are not. */
import { connect } from 'node:net';
import { flood, saysNothing, type Attack } from './attack.js';
import { each, over, plural } from './lines.js';
import { enter } from './session.js';
import { addressOf, HOST, untrusted } from './strangers.js';

const GREETED = ['HELO scanner'];
const ENVELOPE = ['MAIL FROM:<scanner@localhost>', 'RCPT TO:<postmaster@localhost>', 'DATA'];
const MESSAGE = [...ENVELOPE, 'Subject: scanned', '', 'text', '.'];
const LISTED = '127.0.0.1';

export const devices: readonly Attack[] = [
  ...each([8, 50], (sessions) =>
    listed('device-noop', 'NOOP that ends with LF', sessions, GREETED, over(['NOOP'], '\n')),
  ),
  ...each([8, 50], (sessions) => listed('device-messages', 'small messages', sessions, GREETED, over(MESSAGE))),
  ...each([8, 50], (sessions) => body('device-lfs', 'DATA of LFs', sessions, '\n')),
  ...each([8, 50], (sessions) => body('device-crs', 'DATA of CRs', sessions, '\r')),
  ...each([8, 50], (sessions) => body('device-line', 'DATA of a line that does not end', sessions, 'x')),
  {
    ...untrusted,
    name: 'device-unlisted-500',
    title: 'connections from ten addresses that are not listed, 500 sessions',
    sessions: 500,
    attack: (server, number, signal) => {
      const socket = connect({ port: server.devicePort, host: HOST, localAddress: addressOf(number) });
      return saysNothing(socket, signal);
    },
  },
];

function listed(name: string, title: string, sessions: number, said: readonly string[], block: Buffer): Attack {
  return {
    name: `${name}-${sessions}`,
    title: `${title}, by a device, ${plural(sessions)}`,
    sessions,
    prepare: async (server) => {
      await server.do('device', 'add', '--network', LISTED, 'scanner');
    },
    attack: async (server, _, signal) => flood(await enter(server.devicePort, said), block, signal),
  };
}

/** A message that never ends. */
function body(name: string, title: string, sessions: number, line: string): Attack {
  return listed(name, title, sessions, [...GREETED, ...ENVELOPE], over([line], ''));
}
