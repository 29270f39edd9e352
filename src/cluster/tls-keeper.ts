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
    if (stale || this.#seen !== state(this.#files)) await this.reload();
  }

  async #provide(): Promise<void> {
    const seen = state(this.#files);
    this.#seen = seen; // Also of files that turn out wrong: they are told once, not at every look.
    const certificates = await provideCertificates(this.#needs.configuration());
    this.#fingerprint = certificates?.selfSignedFingerprint;
    this.#seen = state(this.#files);
    for (const doubt of certificates?.doubts ?? []) this.#needs.log.warn(doubt);
    this.#material = certificates && { identities: certificates.identities, ticketSecret: this.#secret() };
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
