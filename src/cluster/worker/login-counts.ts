/** How many logins there were, by what was spoken and how they ended, beside what is told to others of each. */
import type { LoginObserver } from '../../auth/login.js';
import type { Sample } from '../control/control-messages.js';

export class LoginCounts {
  readonly #counts = new Map<string, { readonly labels: Sample['labels']; value: number }>();

  /** `observer`, and counted. */
  counting(observer: LoginObserver): LoginObserver {
    return {
      ...observer,
      welcomed: (login) => {
        observer.welcomed?.(login);
        this.#count(login.protocol, 'accepted');
      },
      failed: (failure) => {
        observer.failed(failure);
        this.#count(failure.protocol, failure.outcome);
      },
    };
  }

  get samples(): readonly Sample[] {
    return [...this.#counts.values()].map(({ labels = {}, value }) => ({ name: 'logins_total', labels, value }));
  }

  #count(protocol: string, outcome: string): void {
    const key = `${protocol} ${outcome}`;
    const known = this.#counts.get(key) ?? { labels: { protocol, outcome }, value: 0 };
    known.value += 1;
    this.#counts.set(key, known);
  }
}
