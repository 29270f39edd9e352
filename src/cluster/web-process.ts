/**
 * The process of the page, the API and what monitors ask (src/web): whatever parses, searches or shows mail does so here, so that no mail
 * session waits for it. It reads the store as workers do. Killed, it leaves nothing behind, and mail goes on without it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { LoginObserver } from '../auth/login.js';
import { Authenticator } from '../auth/authenticator.js';
import type { Configuration } from '../config/configuration.js';
import { minFreeBytes } from '../config/min-free.js';
import { clientOf, parseNetworks } from '../ip/networks.js';
import { LineOutput } from '../log/line-output.js';
import { createLog, type Log } from '../log/log.js';
import { loginObserver } from '../log/login-log.js';
import { openUnblocked } from '../log/unblocked.js';
import type { TlsMaterial } from '../net/tls.js';
import { ListenError, type TcpAddress } from '../net/listener.js';
import { driverOf } from '../store/open.js';
import type { MailStore } from '../store/store.js';
import { answer, createApp } from '../web/app.js';
import type { WebContext } from '../web/context.js';
import type { Certificate } from '../web/metrics.js';
import { HttpServer } from '../web/http-server.js';
import { mailServicesOf } from '../web/mail-services.js';
import { PageFiles } from '../web/page-files.js';
import { WebLogins } from '../web/login.js';
import { routes } from '../web/routes.js';
import { ServerHealth } from '../web/server-health.js';
import { receiveFromSupervisor, sendToSupervisor } from './control/child.js';
import { watchDescriptors } from './control/descriptors.js';
import type { Counts, Sample } from './control/control-messages.js';
import { isOfLogins, type FromWeb, type ToWeb, type WebStart } from './control/messages.js';
import { isOptional, webAddressesOf } from './control/services.js';
import { certificatesOf, measure, problemsOf } from './web-measures.js';
import { LoginCounts } from './worker/login-counts.js';
import { withHistory } from './worker/login-history.js';
import { SharedThrottle } from './worker/shared-throttle.js';

/** How often it is tried to listen where another program did. */
const RETRY_MS = 5_000;
/** How often failed logins that are forgiven are forgotten. */
const TIDY_MS = 60_000;

export function runWeb(): void {
  let web: WebProcess | undefined;
  receiveFromSupervisor(
    (told) => {
      const message = told as ToWeb;
      if (message.kind === 'start') {
        web = new WebProcess(message);
        send({ kind: 'prepared' });
      } else web?.receive(message);
    },
    () => ({ counts: web?.counts ?? {}, samples: web?.samples ?? [] }),
  );
}

class WebProcess {
  readonly #configuration: Configuration;
  readonly #log: Log;
  readonly #store: MailStore;
  readonly #logins = new LoginCounts();
  readonly #throttle: SharedThrottle;
  readonly #server: HttpServer;
  readonly #ending = new AbortController();
  #listening: readonly TcpAddress[] = [];
  #certificates: readonly Certificate[];
  /** By status. */
  readonly #answers = new Map<number, number>();

  constructor({ configuration, tls, logins }: WebStart) {
    this.#configuration = configuration;
    this.#log = createLog(configuration.logLevel, 'web', new LineOutput(openUnblocked(1)));
    watchDescriptors(this.#log);
    this.#throttle = new SharedThrottle(logins, send);
    this.#store = this.#join();
    this.#certificates = certificatesOf(tls);
    this.#server = new HttpServer(this.#listener(), tls);
    setInterval(() => this.#throttle.tidy(Date.now()), TIDY_MS).unref();
  }

  get counts(): Counts {
    return { requests: [...this.#answers.values()].reduce((sum, each) => sum + each, 0) };
  }

  get samples(): readonly Sample[] {
    const answers = [...this.#answers].map(([status, value]) => ({
      ...{ name: 'http_requests_total', labels: { code: String(status) }, value },
    }));
    return [...answers, ...this.#logins.samples];
  }

  receive(message: Exclude<ToWeb, { kind: 'start' }>): void {
    if (message.kind === 'go') void this.#go();
    else if (message.kind === 'drain') void this.#drain(message.patienceMs);
    else if (message.kind === 'tls') this.#serveWith(message.tls);
    else if (isOfLogins(message)) this.#throttle.receive(message);
  }

  #serveWith(tls: TlsMaterial | undefined): void {
    this.#certificates = certificatesOf(tls);
    this.#server.serveWith(tls);
  }

  async #go(): Promise<void> {
    try {
      await this.#openAll(webAddressesOf(this.#configuration));
      send({ kind: 'ready' });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      process.send?.({ kind: 'failed', sentence: error.message } satisfies FromWeb, undefined, {}, () =>
        process.exit(0),
      );
    }
  }

  /** Those that need not be free are tried again for as long as they are not. @throws ListenError */
  async #openAll(addresses: readonly TcpAddress[]): Promise<void> {
    const taken: TcpAddress[] = [];
    for (const address of addresses) if (!(await this.#open(address))) taken.push(address);
    send({ kind: 'web-listeners', listeners: this.#listening });
    if (taken.length > 0) setTimeout(() => void this.#openAll(taken), RETRY_MS);
  }

  /** False where it may be tried again. @throws ListenError */
  async #open(address: TcpAddress): Promise<boolean> {
    try {
      await this.#server.open(address, address.protocol === 'web-tls');
      this.#listening = [...this.#listening, address];
      return true;
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      if (error.absent && address.host === '::1') return true; // A machine without IPv6 is served on the rest.
      if (!error.taken || !isOptional(this.#configuration, address)) throw error;
      this.#log.debug(error.message);
      return false;
    }
  }

  async #drain(patienceMs: number): Promise<void> {
    this.#ending.abort();
    await this.#server.drain(patienceMs);
    await this.#store.close();
    process.exit(0);
  }

  #listener(): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
    const { hostname, domain, webNames, webBasePath, webProxyNetworks } = this.#configuration;
    const app = createApp({
      ...{ routes, context: this.#context(), basePath: webBasePath, names: [hostname, domain, ...webNames] },
      proxies: parseNetworks(webProxyNetworks),
      bug: (err) => this.#log.error({ err }, 'a request met a bug'),
    });
    const fetch = async (request: Request, env: unknown): Promise<Response> => {
      const response = await answer(app, request, env as HttpBindings);
      this.#answers.set(response.status, (this.#answers.get(response.status) ?? 0) + 1);
      return response;
    };
    const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
    return (incoming, outgoing) => void listener(incoming, outgoing);
  }

  #context(): WebContext {
    const { db, webBasePath: basePath, metricsNetworks } = this.#configuration;
    const store = this.#store;
    const observer = this.#logins.counting(sessionsAlone(withHistory(loginObserver(this.#log), store.history)));
    const logins = new WebLogins({
      ...{ store, check: new Authenticator({ store, throttle: this.#throttle, observer, clientOf }) },
      trouble: (err) => this.#log.warn({ err }, 'that a session was used could not be written'),
    });
    const networks = parseNetworks(metricsNetworks);
    return {
      ...{ health: new ServerHealth(() => problemsOf(db)), logins, store, basePath, ending: this.#ending.signal },
      isMonitor: ({ isLocal, address }) => isLocal || networks.includes(address),
      measure: () => measure(db, this.#certificates),
      ...{ services: mailServicesOf(this.#configuration), page: new PageFiles() },
    };
  }

  #join(): MailStore {
    const { db, domain } = this.#configuration;
    return driverOf(db).join(db, {
      ...{ domain, minFreeBytes: minFreeBytes(this.#configuration) },
      replaced: () => {
        this.#log.warn('another database is at the path; the web process ends');
        process.exit(0);
      },
      changed: (there) => this.#log[there ? 'debug' : 'warn'](there ? 'the store is there' : 'the store went away'),
    });
  }
}

/** A program logs in with each request: of those that went well the history would be full. */
function sessionsAlone(observer: LoginObserver): LoginObserver {
  return {
    ...observer,
    welcomed: (login) => {
      if (login.mechanism === 'session') observer.welcomed?.(login);
    },
  };
}

function send(message: FromWeb): void {
  sendToSupervisor(message);
}
