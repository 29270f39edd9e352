/**
 * One line when a login has sent to as many recipients as it may: somebody is to look whether its password was stolen. And one for a
 * report of success that could not be stored. Their first fields are ours alone, as those of login-log.ts, so that a program can read them.
 */
import type { SmtpObserver } from '../smtp/context.js';
import type { Log } from './log.js';

export function smtpObserver(log: Log): SmtpObserver {
  return {
    overLimit: ({ peer, account, session }) =>
      log.warn({ event: 'over limit', peer: peer.address, account, session }, 'an account has sent to too many'),
    untold: ({ peer, session, reversePath, error }) =>
      log.error(
        { event: 'untold', peer: peer.address, session, from: reversePath, err: error },
        'nobody is told that a message has arrived',
      ),
  };
}
