/**
 * Keeps the certificates that the workers serve with: provides them at the start, again when a file has changed, and for a
 * configuration that is to come. Files that cannot be used are told and leave the old certificates in service.
 * The secret of session tickets is made here, for all workers, and made anew each day.
 */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Configuration } from '../../config/configuration.js';
import type { Log } from '../../log/log.js';
import type { TlsMaterial } from '../../net/tls.js';
import { certificateFiles, provideCertificates } from '../../tls/certificates.js';

/** Files are looked at, not watched: a renewal may replace a file, a link to it, or the directory above. */
const LOOK_MS = 2_000;
const TICKET_SECRET_MS = 86_400_000;
const TICKET_SECRET_BYTES = 32;

export interface TlsReloaderOptions {
  readonly configuration: () => Configuration;
  readonly log: Log;
  /** Runs what reads files that were given: keys are often for root alone, and only here need anybody read them. */
  readonly reading: <T>(read: () => T) => T;
  /** There is something new to serve with. */
  readonly changed: (tls: TlsMaterial | undefined) => void;
}

interface Provided {
  /** Of the files that it came from. */
  readonly state: string;
  readonly fingerprint: string | undefined;
  readonly material: TlsMaterial | undefined;
}

export class TlsReloader {
  readonly #options: TlsReloaderOptions;
  #material: TlsMaterial | undefined;
  #fingerprint: string | undefined;
  /** The files as they were provided from, and as the last look found them. */
  #served = '';
  #seen = '';
  #reloading: Promise<void> = Promise.resolve();
  #secretMadeMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TlsReloaderOptions) {
    this.#options = options;
  }

  get material(): TlsMaterial | undefined {
    return this.#material;
  }

  /** Of a certificate that was made here: what a client shows when it asks whether to trust it. */
  get fingerprint(): string | undefined {
    return this.#fingerprint;
  }

  /** @throws CertificateError */
  async start(): Promise<void> {
    this.#adopt(await this.#provide(this.#options.configuration()));
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** What another configuration would be served with; nothing changes before `adopt`. @throws CertificateError */
  async prepare(configuration: Configuration): Promise<{ material: TlsMaterial | undefined; adopt(): void }> {
    const provided = await this.#provide(configuration);
    return { material: provided.material, adopt: () => this.#adopt(provided) };
  }

  /** Never throws: what is wrong is told, and the old certificates stay. One at a time. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reload());
    return this.#reloading;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #reload(): Promise<void> {
    const configuration = this.#options.configuration();
    this.#served = this.#state(configuration); // Also of files that turn out wrong: they are told once, not at every look.
    try {
      this.#adopt(await this.#provide(configuration));
      this.#options.changed(this.#material);
      this.#options.log.info({ files: certificateFiles(configuration) }, 'certificates reloaded');
    } catch (error) {
      this.#options.log.error(`The certificates were not reloaded: ${(error as Error).message}`);
    }
  }

  /** What has just changed is looked at again first: certificate and key are two files, and neither is written at once. */
  #look(): void {
    const now = this.#state(this.#options.configuration());
    const isQuiet = now === this.#seen;
    this.#seen = now;
    if (this.#isStale || (isQuiet && now !== this.#served)) void this.reload();
  }

  get #isStale(): boolean {
    return Date.now() - this.#secretMadeMs > TICKET_SECRET_MS;
  }

  async #provide(configuration: Configuration): Promise<Provided> {
    const before = this.#state(configuration);
    // What stands in files is read before the first await; what is made here, behind it, is made as the user.
    const provide = () => provideCertificates(configuration);
    const isOurs = configuration.tlsCertificate === 'auto'; // In a place where a link could be planted for root.
    const certificates = await (isOurs ? provide() : this.#options.reading(provide));
    for (const warning of certificates?.warnings ?? []) this.#options.log.warn(warning);
    return {
      state: configuration.tlsCertificate === 'auto' ? this.#state(configuration) : before, // It may have been made.
      fingerprint: certificates?.selfSignedFingerprint,
      material: certificates && { keys: certificates.keys, ticketSecret: this.#secret() },
    };
  }

  #adopt({ state: served, fingerprint, material }: Provided): void {
    this.#served = served;
    this.#fingerprint = fingerprint;
    this.#material = material;
  }

  /** A certificate of our own is ours to read. */
  #state(configuration: Configuration): string {
    const files = certificateFiles(configuration);
    return configuration.tlsCertificate === 'auto' ? state(files) : this.#options.reading(() => state(files));
  }

  #secret(): string {
    if (this.#material !== undefined && !this.#isStale) return this.#material.ticketSecret;
    this.#secretMadeMs = Date.now();
    return randomBytes(TICKET_SECRET_BYTES).toString('hex');
  }
}

/** Changes whenever a file does, or whether it can be reached. */
function state(files: readonly string[]): string {
  return files.map((file) => `${file} ${stateOf(file)}`).join('\n');
}

function stateOf(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file);
    return [ino, size, mtimeMs].join(' ');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}
