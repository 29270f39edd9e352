/**
 * The node:cluster primary: forks the store and the workers, starts again what dies, rolls the workers on SIGHUP,
 * drains on SIGINT and SIGTERM. Opens no database, speaks no protocol, parses nothing.
 * Its promise resolves with the exit status when everything it started has ended.
 */
import cluster from 'node:cluster';
import { readListenVariables } from '../../config/load.js';
import type { Configuration } from '../../config/configuration.js';
import { createLog, type Log } from '../../log/log.js';
import { ServerOutput } from '../../log/server-output.js';
import { isUnix, ListenError, type ListenerAddress } from '../../net/listener.js';
import { clearStale } from '../../net/unix-socket.js';
import type { StoreWatch } from '../../store/location.js';
import { locationOf } from '../../store/locations.js';
import { banner } from './banner.js';
import { controlRequests } from './control-requests.js';
import { ControlSocket } from './control-socket.js';
import { Forks } from './fork.js';
import { InheritedSockets } from './inherited-sockets.js';
import type { ServerState } from '../control/control-messages.js';
import { ProcessSamples } from '../control/process-samples.js';
import type { FirstAccount } from '../control/messages.js';
import { Reloads } from './reloads.js';
import type { Roles } from '../control/role.js';
import { Pools } from './pools.js';
import { Privileges, refuseRootInPublic } from './privileges.js';
import { MISCONFIGURED_STATUS, StartError, UNAVAILABLE_STATUS } from './start-error.js';
import { addressesOf, unixAddressesOf, webAddressesOf } from '../control/services.js';
import { StoreSupervision } from './store-supervision.js';
import { CertificateError } from '../../tls/certificate-error.js';
import { Terminal } from './terminal.js';
import { TlsReloader } from './tls-reloader.js';
import { PROCESSES, type Processes } from '../roles.js';

/** `load` reads the configuration anew; it may throw, and then a reload keeps the old one. */
export async function runSupervisor(load: () => Configuration, processes: Processes = PROCESSES): Promise<number> {
  if (cluster.isWorker) return refuseClusterMode();
  try {
    return await prepare(load, processes).run();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`pennypost: ${error.message}\n`);
    return error.status;
  }
}

/** Before anything is forked: which sockets came with the process, and who it is from now on. @throws StartError */
function prepare(load: () => Configuration, { file, roles }: Processes): Supervisor {
  const configuration = load();
  const output = new ServerOutput(); // As who may write to it: another user may not.
  const sockets = InheritedSockets.receive(readListenVariables());
  refuseRootInPublic(configuration, everyAddress(configuration, sockets));
  const privileges = Privileges.drop(configuration, file);
  const { descriptors } = sockets;
  const forks = new Forks({ file, privileges, descriptors, relay: (child) => output.relay(child) });
  return new Supervisor(load, configuration, { sockets, forks, output, roles });
}

function everyAddress(configuration: Configuration, sockets: InheritedSockets): readonly ListenerAddress[] {
  return [...addressesOf(configuration, sockets.listeners(configuration)), ...webAddressesOf(configuration)];
}

/** PM2's cluster mode would run this file as a worker of its own, whose sockets are not ours to share. */
function refuseClusterMode(): number {
  process.stderr.write(
    "Pennypost forks its own workers: start it in PM2's fork mode, as ecosystem.config.js does (no -i, no exec_mode: 'cluster')\n",
  );
  return MISCONFIGURED_STATUS;
}

interface SupervisorOptions {
  readonly sockets: InheritedSockets;
  readonly forks: Forks;
  readonly output: ServerOutput;
  readonly roles: Roles;
}

class Supervisor {
  readonly #load: () => Configuration;
  readonly #sockets: InheritedSockets;
  readonly #terminal = new Terminal();
  readonly #output: ServerOutput;
  readonly #log: Log;
  readonly #store: StoreSupervision;
  readonly #pools: Pools;
  readonly #control: ControlSocket;
  readonly #reloads: Reloads;
  readonly #tls: TlsReloader;
  #configuration: Configuration;
  #watch: StoreWatch | undefined;
  #firstAccount: FirstAccount | undefined;
  #ready = false;
  #stopping = false;
  #ended: (status: number) => void = () => undefined;

  constructor(load: () => Configuration, configuration: Configuration, options: SupervisorOptions) {
    const { sockets, forks, output, roles } = options;
    this.#load = load;
    this.#configuration = configuration;
    this.#sockets = sockets;
    this.#output = output;
    this.#log = createLog(this.#configuration.logLevel, 'supervisor', output.stdout);
    output.stderr.whenRecovered((loss) =>
      output.stdout.whenRoom(() => this.#log.error(loss, 'lines of standard error were lost')),
    );
    this.#store = new StoreSupervision({
      role: roles.store,
      forks,
      configuration: () => this.#configuration,
      log: this.#log,
      announce: (firstAccount) => this.#made(firstAccount),
      demand: (role, isWanted) => this.#pools.demand(role, isWanted),
      releaseDatabase: () => this.#pools.releaseDatabase(),
    });
    this.#pools = new Pools({
      ...{ roles, forks, log: this.#log },
      configuration: () => this.#configuration,
      setup: () => ({
        configuration: this.#configuration,
        tls: this.#tls.material,
        inherited: this.#sockets.listeners(this.#configuration),
      }),
    });
    this.#reloads = new Reloads(() => this.#become(this.#reread()), this.#log);
    this.#control = this.#makeControl(forks);
    this.#tls = new TlsReloader({
      configuration: () => this.#configuration,
      log: this.#log,
      reading: (read) => forks.privileges.during(read),
      changed: (tls) => this.#pools.serveWith(tls),
    });
  }

  #makeControl({ privileges }: Forks): ControlSocket {
    return new ControlSocket({
      ...{ db: this.#configuration.db, log: this.#log, isRoot: () => privileges.isRaised },
      requests: controlRequests({
        ...{ store: this.#store, pools: this.#pools, reloads: this.#reloads, own: new ProcessSamples() },
        ...{ state: () => this.#state, configuration: () => this.#configuration },
        hasStore: () => this.#watch?.isThere === true,
      }),
    });
  }

  run(): Promise<number> {
    this.#handleSignals();
    return new Promise((resolve, reject) => {
      this.#ended = resolve;
      if (this.#terminal.isGone) return this.#hangUp(); // Its SIGHUP came before there was anybody to hear it.
      this.#start().catch((error: unknown) =>
        error instanceof StartError ? this.#giveUp(error) : reject(error as Error),
      );
    });
  }

  #giveUp(error: StartError): void {
    if (this.#stopping) return; // What was starting ended because it was told to.
    this.#output.stderr.write(`pennypost: ${error.message}\n`);
    void this.#stop(error.status);
  }

  async #start(): Promise<void> {
    await this.#store.start();
    await this.#control.open();
    this.#watch = locationOf(this.#configuration.db).watchStore(() => this.#store.away());
    await this.#watch.found; // Another process may hold the database and not answer yet.
    await this.#startTls();
    await this.#clearStaleSockets(this.#configuration);
    await this.#pools.start();
    if (this.#stopping) return;
    this.#log.info({ workers: this.#configuration.workers, listeners: this.#pools.listeners }, 'ready');
    this.#ready = true;
    this.#announce();
    process.send?.('ready'); // PM2's wait_ready.
    this.#reloads.ready();
  }

  get #state(): ServerState {
    if (this.#stopping) return 'stopping';
    return this.#ready ? 'ready' : 'starting';
  }

  async #startTls(): Promise<void> {
    try {
      await this.#tls.start();
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      throw new StartError(error.message, MISCONFIGURED_STATUS);
    }
  }

  /** Of the files that are to be listened on, those of a server that is gone are in the way. @throws StartError */
  async #clearStaleSockets(configuration: Configuration): Promise<void> {
    const ours = this.#pools.workers.listeners.filter(isUnix).map(({ path }) => path);
    try {
      for (const address of unixAddressesOf(configuration)) if (!ours.includes(address.path)) await clearStale(address);
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      throw new StartError(error.message, UNAVAILABLE_STATUS);
    }
  }

  #made(firstAccount: FirstAccount): void {
    this.#firstAccount = firstAccount;
    if (this.#ready) this.#announce();
  }

  #announce(): void {
    this.#output.stdout.write(
      banner(this.#configuration, {
        listeners: this.#pools.listeners,
        firstAccount: this.#firstAccount,
        fingerprint: this.#tls.fingerprint,
      }),
    );
  }

  #handleSignals(): void {
    const stop = () => void this.#stop(0);
    process.on('SIGINT', stop).on('SIGTERM', stop);
    process.on('SIGHUP', () => (this.#terminal.isGone ? this.#hangUp() : this.#reloads.want()));
    process.on('message', (message) => {
      if (message === 'shutdown') stop(); // PM2 on systems without signals.
    });
  }

  /** Told more often than once, as shells do, it ends no sooner. */
  #hangUp(): void {
    if (this.#stopping) return;
    this.#log.warn('the terminal is gone');
    void this.#stop(0);
  }

  /** Rejects, and then everything is as it was. What another address may fail at comes before a certificate is made. */
  async #become(configuration: Configuration): Promise<void> {
    const inherited = this.#sockets.listeners(configuration);
    await this.#pools.requireFree({ configuration, inherited });
    await this.#clearStaleSockets(configuration);
    const tls = await this.#tls.prepare(configuration);
    this.#log.info('rolling the workers');
    await this.#pools.roll({ configuration, tls: tls.material, inherited }, () => {
      this.#configuration = configuration;
      this.#log.level = configuration.logLevel;
      tls.adopt();
    });
    this.#log.info('every worker is new');
  }

  /** The store goes on with the database that it has open. */
  #reread(): Configuration {
    const configuration = this.#load();
    const { db, user, group } = this.#configuration;
    if (configuration.db !== db) throw new Error('another --db needs a restart');
    if (configuration.user !== user || configuration.group !== group)
      throw new Error('another --user or --group needs a restart');
    refuseRootInPublic(configuration, everyAddress(configuration, this.#sockets));
    return configuration;
  }

  /** Asked twice, it waits for nobody. */
  async #stop(status: number): Promise<void> {
    if (this.#stopping) return this.#pools.kill();
    this.#stopping = true;
    this.#reloads.stop();
    this.#log.info('stopping');
    this.#tls.stop();
    this.#store.expectEnd();
    await this.#pools.stop(this.#configuration.drainTimeout);
    this.#watch?.close();
    this.#control.close();
    await this.#store.stop();
    this.#log.info('stopped');
    await this.#output.end();
    this.#terminal.release();
    this.#ended(status);
  }
}
