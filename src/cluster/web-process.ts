/**
 * The process of the page, the API and what monitors ask (src/web): whatever parses, searches or shows mail does so here, so that no mail
 * session waits for it. It reads the store as workers do. Killed, it leaves nothing behind, and mail goes on without it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Authenticator } from '../auth/authenticator.js';
import type { Configuration } from '../config/configuration.js';
import { minFreeBytes } from '../config/min-free.js';
import { clientOf, parseNetworks } from '../ip/networks.js';
import { LineOutput } from '../log/line-output.js';
import { createLog, type Log } from '../log/log.js';
import { loginObserver } from '../log/login-log.js';
import { openUnblocked } from '../log/unblocked.js';
import { ListenError, type TcpAddress } from '../net/listener.js';
import { driverOf } from '../store/open.js';
import type { MailStore } from '../store/store.js';
import { answer, createApp } from '../web/app.js';
import type { WebContext } from '../web/context.js';
import { HttpServer } from '../web/http-server.js';
import { WebLogins } from '../web/login.js';
import { routes } from '../web/routes.js';
import { ServerHealth, type Problems } from '../web/server-health.js';
import { receiveFromSupervisor, sendToSupervisor } from './control/child.js';
import { askSupervisors } from './control/control-client.js';
import { watchDescriptors } from './control/descriptors.js';
import { isOfLogins, type FromWeb, type ToWeb, type WebStart } from './control/messages.js';
import { isOptional, webAddressesOf } from './control/services.js';
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
    () => ({ counts: web?.counts ?? {} }),
  );
}

class WebProcess {
  readonly #configuration: Configuration;
  readonly #log: Log;
  readonly #store: MailStore;
  readonly #throttle: SharedThrottle;
  readonly #server: HttpServer;
  readonly #ending = new AbortController();
  #listening: readonly TcpAddress[] = [];
  #requests = 0;

  constructor({ configuration, tls, logins }: WebStart) {
    this.#configuration = configuration;
    this.#log = createLog(configuration.logLevel, 'web', new LineOutput(openUnblocked(1)));
    watchDescriptors(this.#log);
    this.#throttle = new SharedThrottle(logins, send);
    this.#store = this.#join();
    this.#server = new HttpServer(this.#listener(), tls);
    setInterval(() => this.#throttle.tidy(Date.now()), TIDY_MS).unref();
  }

  get counts(): Readonly<Record<string, number>> {
    return { requests: this.#requests };
  }

  receive(message: Exclude<ToWeb, { kind: 'start' }>): void {
    if (message.kind === 'go') void this.#go();
    else if (message.kind === 'drain') void this.#drain(message.patienceMs);
    else if (message.kind === 'tls') this.#server.serveWith(message.tls);
    else if (isOfLogins(message)) this.#throttle.receive(message);
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
    const fetch = (request: Request, env: unknown): Promise<Response> => answer(app, request, env as HttpBindings);
    const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
    return (incoming, outgoing) => {
      this.#requests += 1;
      void listener(incoming, outgoing);
    };
  }

  #context(): WebContext {
    const { db, webBasePath: basePath } = this.#configuration;
    const [store, observer] = [this.#store, loginObserver(this.#log)];
    const logins = new WebLogins({
      ...{ store, check: new Authenticator({ store, throttle: this.#throttle, observer, clientOf }) },
      trouble: (err) => this.#log.warn({ err }, 'that a session was used could not be written'),
    });
    return { health: new ServerHealth(() => problemsOf(db)), logins, store, basePath, ending: this.#ending.signal };
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

/** As every supervisor on the database tells of its own. */
async function problemsOf(db: string): Promise<Problems> {
  const answers = await askSupervisors(db, 'health');
  if (answers.length === 0) return ['no supervisor answers'];
  return [...new Set(answers.flatMap((each) => ('error' in each ? [each.error] : each.result.problems)))];
}

function send(message: FromWeb): void {
  sendToSupervisor(message);
}
