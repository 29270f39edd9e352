/** One line a session, and with -v its dialogue. Secrets and message text never come here: the session masks them. */
import type { Observer, SessionEnd } from '../session/observer.js';
import type { SessionContext } from '../session/protocol.js';
import type { Reply } from '../session/reply.js';
import type { Log } from './log.js';
import type { LineOutput } from './line-output.js';
import { maskControls } from './one-line.js';

/** `dialogue` is where it is shown, if it is. */
export function sessionObserver(
  log: Log,
  protocol: string,
  context: SessionContext,
  dialogue: LineOutput | undefined,
): Observer {
  const { session, counters } = context;
  const observer: Observer = {
    bug: (error) => log.error({ session, protocol, err: error }, 'a bug ended a session'),
    ended: ({ peer, ...end }: SessionEnd) => {
      const { address, via, security } = peer;
      log.info({ session, protocol, peer: address, via, tls: security?.version, ...counters, ...end }, 'session');
    },
  };
  return dialogue === undefined ? observer : { ...observer, ...showing(session, dialogue) };
}

/** `[id] C: …` and `[id] S: …`. */
function showing(session: string, to: LineOutput): Pick<Observer, 'heard' | 'said'> {
  return {
    heard: (text) => show(to, session, 'C', text),
    said: ({ head, body, confidential }: Reply) => {
      for (const line of Buffer.from(head).toString().trimEnd().split('\r\n')) show(to, session, 'S', line);
      if (body !== undefined) show(to, session, 'S', confidential === true ? '(the message)' : '(more lines)');
    },
  };
}

function show(to: LineOutput, session: string, who: string, text: string): void {
  to.write(`[${session}] ${who}: ${maskControls(text)}\n`);
}
