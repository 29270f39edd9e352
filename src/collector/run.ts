/**
 * One run of a collector: what is new in the maildrop on the other server comes into the account as `pennypost import` would bring it,
 * and what is here long enough is removed there. Whatever ends it, what came is durable and known, and the next run goes on with the rest.
 */
import type { FoundMail } from '../formats/found.js';
import { Importer, keyOfName, type ImporterOptions } from '../import/importer.js';
import { formatAddress } from '../message/mailbox.js';
import { Pop3Failure } from '../pop3-client/connection.js';
import { LoginRefused, openMaildrop } from '../pop3-client/maildrop.js';
import { parsePop3Url, UnfitPop3Url } from '../pop3-client/url.js';
import type { CollectorFailure, CollectorLogin, CollectorRun } from '../store/collectors.js';
import type { Deliveries } from '../store/deliveries.js';
import { StoreError } from '../store/errors.js';

export interface CollectOptions extends Pick<ImporterOptions, 'mailboxes' | 'leftOut'> {
  readonly store: Pick<Deliveries, 'deliver' | 'availability'>;
  readonly maxOctets: number;
  /** Ends it in the middle: nothing is removed there. */
  readonly signal: AbortSignal;
}

/** Resolves whatever happens there or in the store. */
export async function collect(collector: CollectorLogin, options: CollectOptions): Promise<CollectorRun> {
  const { into, account } = collector;
  let leftOut = 0;
  const importer = new Importer({
    ...{ store: options.store, mailboxes: options.mailboxes, owner: into, account, address: formatAddress(into) },
    ...{ side: undefined, keepsUidls: false, ignoresQuota: false, maxOctets: options.maxOctets },
    leftOut: (place, why) => {
      leftOut += 1;
      options.leftOut(place, why);
    },
  });
  try {
    await fetchInto(importer, collector, options);
    return { fetched: importer.imported, leftOut, goesOn: options.signal.aborted };
  } catch (error) {
    const { imported: fetched } = importer;
    if (options.signal.aborted) return brokenOff(fetched, leftOut, options.signal);
    return { fetched, leftOut, failure: failureOf(error, collector) };
  }
}

async function fetchInto(importer: Importer, collector: CollectorLogin, options: CollectOptions): Promise<void> {
  const { url, password, into, removeAfterMs, sinceMs } = collector;
  const { mailboxes, maxOctets, signal } = options;
  const mail = await openMaildrop(parsePop3Url(url), {
    ...{ password, maxOctets, signal },
    // What came before that was kept has been here since the collector was made, at least.
    removes: (cameAtMs) => removeAfterMs !== 'never' && (cameAtMs || sinceMs) + removeAfterMs <= Date.now(),
    known: async (names) => mailboxes.findImported(into, names.map(keyOfName)),
  });
  try {
    await importEach(mail, importer, options);
  } finally {
    await mail.close();
  }
}

/** What is not durable when this ends is not removed there. */
async function importEach(mail: FoundMail, importer: Importer, { store, signal }: CollectOptions): Promise<void> {
  try {
    for await (const message of mail.messages()) {
      const unavailable = store.availability();
      if (unavailable !== undefined) throw unavailable;
      if (signal.aborted) return;
      await importer.add(message);
    }
  } finally {
    await importer.end();
  }
}

/** One that brought nothing in all its time has failed. */
function brokenOff(fetched: number, leftOut: number, { reason }: AbortSignal): CollectorRun {
  const isLate = reason instanceof Error && reason.name === 'TimeoutError';
  if (!isLate || fetched > 0) return { fetched, leftOut, goesOn: true };
  return {
    fetched,
    leftOut,
    failure: { text: 'the server brought no message in all the time of a run', kind: 'other' },
  };
}

/** @throws what is a bug */
function failureOf(error: unknown, collector: CollectorLogin): CollectorFailure {
  if (error instanceof LoginRefused) return { text: `${hostOf(collector)} ${error.message}`, kind: 'login' };
  if (error instanceof Pop3Failure) return { text: `${hostOf(collector)} ${error.message}`, kind: 'other' };
  if (error instanceof UnfitPop3Url) return { text: error.message, kind: 'other' };
  if (!(error instanceof StoreError)) throw error;
  if (error.kind !== 'over-quota') return { text: error.message, kind: 'other' };
  const text = formatAddress(collector.into);
  return {
    text: `${text} may hold no more; what is left stays there ('pennypost account quota ${text} SIZE')`,
    kind: 'quota',
  };
}

function hostOf({ url }: CollectorLogin): string {
  return parsePop3Url(url).host;
}
