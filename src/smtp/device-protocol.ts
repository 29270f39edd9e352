/**
 * SMTP as the port for devices speaks it: to machines that are known by their address, and have software that nobody will mend. All that
 * is taken here alone is in commands/device.ts and device-stages.ts, and in how lines end and how TLS begins, which is the network's.
 * There is no BDAT, whose octets are counted: lines that are ended anew have others.
 */
import { tableOf, type Protocol } from '../session/protocol.js';
import { deviceAuth, deviceData, deviceEhlo, deviceHelo, deviceMail, deviceRcpt } from './commands/device.js';
import { help } from './commands/help.js';
import { noop } from './commands/noop.js';
import { quit } from './commands/quit.js';
import { rset } from './commands/rset.js';
import { starttls } from './commands/starttls.js';
import { expn, vrfy } from './commands/verify.js';
import type { SmtpContext, SmtpNeed } from './context.js';
import { mx, submission } from './protocol.js';
import type { SmtpState } from './state.js';

export const device: Protocol<SmtpState, SmtpContext, SmtpNeed> = {
  ...mx,
  name: 'device',
  limits: submission.limits,
  isProved: (state) =>
    'hello' in state && state.hello.login !== undefined && state.hello.login.device?.isProved !== false,
  commands: tableOf<SmtpState, SmtpContext, SmtpNeed>([
    deviceEhlo,
    deviceHelo,
    starttls,
    deviceMail,
    deviceRcpt,
    deviceData,
    rset,
    noop,
    vrfy,
    expn,
    help,
    quit,
    deviceAuth,
  ]),
};
