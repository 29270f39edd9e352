/**
 * The process that fetches mail from other servers (src/collector): there while there is a collector. Speaks to no client of ours, and
 * what it reads from others concerns no session. Told to drain, it breaks off its runs, which the next goes on with;
 * killed, it leaves claims that end by themselves.
 */
import { randomUUID } from 'node:crypto';
import { Fetcher } from '../collector/fetcher.js';
import { problemOf } from '../collector/problem.js';
import type { Configuration } from '../config/configuration.js';
import { minFreeBytes } from '../config/min-free.js';
import { LineOutput } from '../log/line-output.js';
import { createLog, type Log } from '../log/log.js';
import { openUnblocked } from '../log/unblocked.js';
import type { Collector, CollectorRun } from '../store/collectors.js';
import { driverOf } from '../store/open.js';
import type { MailStore } from '../store/store.js';
import { receiveFromSupervisor, sendToSupervisor } from './control/child.js';
import { watchDescriptors } from './control/descriptors.js';
import type { FromChild, Start, ToChild } from './control/messages.js';

export function runFetcher(): void {
  let running: FetcherProcess | undefined;
  receiveFromSupervisor(
    (told) => {
      const message = told as Start | ToChild;
      if (message.kind === 'start') {
        running = new FetcherProcess(message.configuration);
        send({ kind: 'prepared' });
      } else if (message.kind === 'go') running?.go();
      else if (message.kind === 'drain') void running?.drain();
    },
    () => ({ counts: running?.counts ?? {}, problems: running?.problems ?? [] }),
  );
}

class FetcherProcess {
  readonly #log: Log;
  readonly #store: MailStore;
  readonly #fetcher: Fetcher;
  /** It may begin. */
  #isReleased = false;
  #isStoreThere = false;

  constructor(configuration: Configuration) {
    this.#log = createLog(configuration.logLevel, 'fetcher', new LineOutput(openUnblocked(1)));
    watchDescriptors(this.#log);
    this.#store = this.#join(configuration);
    this.#fetcher = new Fetcher({
      ...{ name: randomUUID(), store: this.#store, mailboxes: this.#store.mailboxes },
      ...{ collectors: this.#store.collectors, maxOctets: configuration.maxMessageSize },
      ran: (collector, run) => this.#ran(collector, run),
      leftOut: ({ id }, place, why) => this.#log.debug({ collector: id, place, why }, 'a message is left out'),
      trouble: (err) => this.#log.warn({ err }, 'the collectors could not be looked at'),
    });
  }

  get counts(): Readonly<Record<string, number>> {
    const { running, fetched } = this.#fetcher;
    return { running, fetched };
  }

  get problems(): readonly string[] {
    return this.#fetcher.failing.map(problemOf).filter((problem) => problem !== undefined);
  }

  go(): void {
    send({ kind: 'ready' });
    this.#isReleased = true;
    this.#look();
  }

  async drain(): Promise<void> {
    await this.#fetcher.drain();
    await this.#store.close();
    process.exit(0);
  }

  #look(): void {
    if (this.#isReleased && this.#isStoreThere) this.#fetcher.look();
  }

  #ran({ id, url }: Collector, { failure, ...counts }: CollectorRun): void {
    if (failure === undefined) this.#log.info({ collector: id, url, ...counts }, 'fetched');
    else this.#log.warn({ collector: id, url, ...counts, why: failure.text }, 'fetching failed');
  }

  #join(configuration: Configuration): MailStore {
    const { db, domain } = configuration;
    return driverOf(db).join(db, {
      ...{ domain, minFreeBytes: minFreeBytes(configuration) },
      replaced: () => {
        this.#log.warn('another database is at the path; the fetcher ends');
        process.exit(0);
      },
      directoryChanged: () => this.#look(),
      changed: (there) => {
        this.#log[there ? 'debug' : 'warn'](there ? 'the store is there' : 'the store went away');
        this.#isStoreThere = there;
        this.#look();
      },
    });
  }
}

function send(message: FromChild): void {
  sendToSupervisor(message);
}
