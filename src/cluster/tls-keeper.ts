/**
 * Keeps the certificates that the workers serve with: provides them at the start, and again when a file has changed or the
 * server is told to reload. Files that cannot be used are told and leave the old certificates in service.
 * The secret of session tickets is made here, for all workers, and made anew each day.
 */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Configuration } from '../config/options.js';
import type { Log } from '../log/log.js';
import type { TlsMaterial } from '../net/tls.js';
import { certificateFiles, provideCertificates } from '../tls/certificates.js';

/** Files are looked at, not watched: a renewal may replace a file, a link to it, or the directory above. */
const LOOK_MS = 2_000;
const TICKET_SECRET_MS = 86_400_000;
const TICKET_SECRET_BYTES = 32;

export interface TlsKeeperNeeds {
  readonly configuration: () => Configuration;
  readonly log: Log;
  /** Runs what reads files that were given: keys are often for root alone, and only here need anybody read them. */
  readonly reading: <T>(read: () => T) => T;
  /** There is something new to serve with. */
  readonly changed: (tls: TlsMaterial | undefined) => void;
}

export class TlsKeeper {
  readonly #needs: TlsKeeperNeeds;
  #material: TlsMaterial | undefined;
  #fingerprint: string | undefined;
  #seen = '';
  #secretMadeMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(needs: TlsKeeperNeeds) {
    this.#needs = needs;
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
    await this.#provide();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  /** Never throws: what is wrong is told, and the old certificates stay. */
  async reload(): Promise<void> {
    try {
      await this.#provide();
      this.#needs.changed(this.#material);
      this.#needs.log.info({ files: this.#files }, 'certificates reloaded');
    } catch (error) {
      this.#needs.log.error(`The certificates were not reloaded: ${(error as Error).message}`);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get #files(): readonly string[] {
    return certificateFiles(this.#needs.configuration());
  }

  async #look(): Promise<void> {
    const stale = Date.now() - this.#secretMadeMs > TICKET_SECRET_MS;
    if (stale || this.#seen !== this.#state()) await this.reload();
  }

  async #provide(): Promise<void> {
    this.#seen = this.#state(); // Also of files that turn out wrong: they are told once, not at every look.
    // What stands in files is read before the first await; what is made here, behind it, is made as the user.
    const certificates = await this.#needs.reading(() => provideCertificates(this.#needs.configuration()));
    this.#fingerprint = certificates?.selfSignedFingerprint;
    this.#seen = this.#state();
    for (const doubt of certificates?.doubts ?? []) this.#needs.log.warn(doubt);
    this.#material = certificates && { identities: certificates.identities, ticketSecret: this.#secret() };
  }

  /** A certificate of our own is ours to read. */
  #state(): string {
    const isOurs = this.#needs.configuration().tlsCertificate === 'auto';
    return isOurs ? state(this.#files) : this.#needs.reading(() => state(this.#files));
  }

  #secret(): string {
    const nowMs = Date.now();
    if (this.#material !== undefined && nowMs - this.#secretMadeMs < TICKET_SECRET_MS)
      return this.#material.ticketSecret;
    this.#secretMadeMs = nowMs;
    return randomBytes(TICKET_SECRET_BYTES).toString('hex');
  }
}

/** Changes whenever a file does. */
function state(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats === undefined ? `${file} missing` : [file, stats.ino, stats.size, stats.mtimeMs].join(' ');
    })
    .join('\n');
}
