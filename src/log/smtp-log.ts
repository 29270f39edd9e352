/**
 * One line when a login has sent to as many recipients as it may: somebody is to look whether its password was stolen. One when a session
 * names an address that nothing is sent to, with the command that lifts that. And one for a
 * report of success, or an autoreply, that could not be stored. Their first fields are ours alone, as those of login-log.ts, so that a program can read them.
 */
import type { SmtpObserver } from '../smtp/context.js';
import type { Log } from './log.js';

export function smtpObserver(log: Log): SmtpObserver {
  return {
    overLimit: ({ peer, account, session }) =>
      log.warn({ event: 'over limit', peer: peer.address, account, session }, 'an account has sent to too many'),
    suppressed: ({ peer, recipient, session }) =>
      log.info(
        { event: 'suppressed', peer: peer.address, to: recipient, session },
        "a recipient is suppressed; 'pennypost suppression remove ADDRESS' lets mail go there again",
      ),
    untold: ({ peer, session, reversePath, error }) =>
      log.error(
        { event: 'untold', peer: peer.address, session, from: reversePath, err: error },
        'nobody is told that a message has arrived',
      ),
    unanswered: ({ peer, session, reversePath, error }) =>
      log.warn(
        { event: 'unanswered', peer: peer.address, session, from: reversePath, err: error },
        'an autoreply could not be sent',
      ),
  };
}
