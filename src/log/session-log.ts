/** One line a session, and with -v its dialogue. Secrets and message text never come here: the session masks them. */
import type { Observer, SessionEnd } from '../session/session.js';
import type { SessionContext } from '../session/protocol.js';
import type { Reply } from '../session/reply.js';
import type { Log } from './log.js';
import { maskControls } from './one-line.js';

export function sessionObserver(log: Log, protocol: string, context: SessionContext, verbose: boolean): Observer {
  const { session, tally } = context;
  const observer: Observer = {
    bug: (error) => log.error({ session, protocol, err: error }, 'a bug ended a session'),
    ended: ({ peer, ...end }: SessionEnd) => {
      const { address, via, security } = peer;
      log.info({ session, protocol, peer: address, via, tls: security?.version, ...tally, ...end }, 'session');
    },
  };
  return verbose ? { ...observer, ...dialogue(session) } : observer;
}

/** `[id] C: …` and `[id] S: …` on standard error. */
function dialogue(session: string): Pick<Observer, 'heard' | 'said'> {
  return {
    heard: (text) => show(session, 'C', text),
    said: ({ head, body, confidential }: Reply) => {
      for (const line of Buffer.from(head).toString().trimEnd().split('\r\n')) show(session, 'S', line);
      if (body !== undefined) show(session, 'S', confidential === true ? '(the message)' : '(more lines)');
    },
  };
}

function show(session: string, who: string, text: string): void {
  process.stderr.write(`[${session}] ${who}: ${maskControls(text)}\n`);
}
