/** Half sending, half reading: senders to ten accounts while readers empty the same, with the latency over time. */
import { pop3Load } from '../load/pop3.js';
import { smtpLatency } from '../load/smtp.js';
import { measure, type Figures } from '../measure/figures.js';
import { boxes } from '../peers/accounts.js';
import type { Instance } from '../peers/peer.js';
import type { Bench, Scenario } from '../scenario.js';
import { workOf } from './latency.js';

const ACCOUNTS = 10;
const SESSIONS = 10;
const OCTETS = 4096;

export const mixScenario: Scenario = {
  name: 'mix',
  title: `${SESSIONS} sessions send to ${ACCOUNTS} accounts, ${ACCOUNTS} readers empty them; figures are of the senders`,
  unit: 'messages',
  form: 'plain',
  peers: ['pennypost', 'postfix+dovecot'],
  reads: true,
  run: mix,
};

async function mix(instance: Instance, { pop3Program, pace }: Bench): Promise<Figures> {
  const { smtpPort = 0, pop3Port = 0 } = instance;
  const times = { seconds: pace.mixSeconds, warmUpSeconds: pace.warmUpSeconds };
  return measure(instance, async () => {
    const [sent] = await Promise.all([
      smtpLatency({ ...times, port: smtpPort, sessions: SESSIONS, octets: OCTETS, verb: 'data', accounts: ACCOUNTS }),
      pop3Load(pop3Program, { ...times, port: pop3Port, mode: 'reader', accounts: boxes(ACCOUNTS) }),
    ]);
    return workOf(sent);
  });
}
