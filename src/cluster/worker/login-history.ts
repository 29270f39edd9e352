/** Logins, as they are told to people who look later: beside what is told to the log. */
import type { LoginObserver } from '../../auth/login.js';
import type { History } from '../../store/history.js';

export function withHistory(observer: LoginObserver, history: Pick<History, 'recordLogin'>): LoginObserver {
  return {
    ...observer,
    welcomed: ({ peer, ...login }) =>
      history.recordLogin({
        ...{ atMs: Date.now(), address: peer.address, ...login },
        ...{ outcome: 'accepted', reason: undefined },
      }),
    failed: (failure) => {
      observer.failed(failure);
      const { peer, account, protocol, mechanism, outcome, reason } = failure;
      history.recordLogin({
        ...{ atMs: Date.now(), address: peer.address, account, protocol, mechanism },
        ...{ credential: undefined, outcome, reason },
      });
    },
  };
}
