/**
 * RCPT TO: names one recipient (RFC 5321 §4.1.1.3). It is accepted when it leads to a maildrop here or is an alias that leads elsewhere,
 * and from who has logged in also when it is of another domain and mail goes out: nobody else can relay. A recipient that is refused leaves the transaction as it was.
 */
import type { Peer } from '../../session/channel.js';
import { whenReady } from '../../runtime/when-ready.js';
import { stay, type Outcome } from '../../session/command.js';
import { parsed, unparsed, type Grammar } from '../../session/grammar.js';
import type { Resolution, Target } from '../../store/deliveries.js';
import type { Address, MaybePromise } from '../../store/shapes.js';
import { noteRefusal } from '../arrivals.js';
import { defineCommand, type SmtpContext } from '../context.js';
import { readParameters, type Parameters } from '../parameters.js';
import { withBrackets } from '../path-text.js';
import { readPath, type EnvelopeMailbox, type Path } from '../../message/path.js';
import { rcptSyntax, readRcptParameters, type ReportTerms } from '../rcpt-parameters.js';
import { leftFor, neverPasses, noteOverLimit } from '../recipient-limits.js';
import { replies, type SmtpReply } from '../replies.js';
import type { SmtpState, Transaction } from '../state.js';

/** RFC 5321 §4.5.3.1.8 asks for at least 100; announced by LIMITS (RFC 9422). More are refused with 452 4.5.3. */
export const RECIPIENT_LIMIT = 1000;

/** Maildrops that the paths of one transaction lead to, all together; what goes beyond is refused alike. One path alone never does. */
export const COPIES_LIMIT = 2000;

/**
 * Octets of all paths of one transaction, and of what ORCPT calls them, which wait in memory: as many as RECIPIENT_LIMIT paths of
 * RFC 5321 §4.5.3.1.3 have. More are refused alike.
 */
export const PATHS_LIMIT_BYTES = 256 * RECIPIENT_LIMIT;

/** A forward-path, and what is to be reported of it. */
interface Named {
  readonly to: Path;
  readonly reports: ReportTerms | undefined;
}

interface RcptArgument {
  readonly to: Path | undefined;
  readonly parameters: Parameters;
}

const rcptArgument: Grammar<RcptArgument> = (text) => {
  const match = /^TO:[ \t]*([^]+)$/i.exec(text);
  if (match === null) return unparsed;
  const read = readPath(withBrackets(match[1] as string) ?? '');
  const parameters = readParameters(read?.rest ?? '');
  return parameters === undefined ? unparsed : parsed({ to: read?.path, parameters });
};

export const rcpt = defineCommand({
  verb: 'RCPT',
  rfc: 'RFC 5321 §4.1.1.3',
  help: {
    syntax: `TO:<recipient> ${rcptSyntax}`,
    summary: 'names a recipient; once for each',
    example: 'RCPT TO:<postmaster@localhost>',
    next: 'another RCPT TO, or DATA',
  },
  grammar: rcptArgument,
  at: ['transaction'],
  announce: () => [`LIMITS RCPTMAX=${RECIPIENT_LIMIT}`],
  run: (named, state, context) =>
    whenReady(name(named, state, context), (led) =>
      noteRefusal(led, { reversePath: state.from.text, recipient: named.to?.text }, state.hello, context),
    ),
});

function name(
  { to, parameters }: RcptArgument,
  state: Transaction,
  context: SmtpContext,
): MaybePromise<Outcome<SmtpState>> {
  if (to?.mailbox === undefined) return stay(replies.badRecipient);
  const reports = readRcptParameters(parameters, context);
  if (reports !== undefined && 'head' in reports) return stay(reports);
  if (to.international && !state.international) return stay(replies.needUtf8);
  if (isFull(state)) return stay(replies.tooManyRecipients);
  const address = addressOf(to.mailbox, context);
  const named = { to, reports };
  const decide = (found: Resolution) =>
    accept(
      named,
      found.kind === 'remote' && maySendOn(state, context) ? elsewhere(to, address) : found,
      state,
      context,
    );
  return whenReady(context.store.resolve(address), decide);
}

function isFull({ recipients, pathOctets, maildrops }: Transaction): boolean {
  return recipients.length >= RECIPIENT_LIMIT || pathOctets >= PATHS_LIMIT_BYTES || maildrops >= COPIES_LIMIT;
}

/** `<Postmaster>` and others without a domain, and a mailbox at this server's own address, are of the first domain (RFC 5321 §4.1.3, §4.5.1). */
export function addressOf({ local, domain }: EnvelopeMailbox, { settings, peer }: SmtpContext): Address {
  return {
    local,
    domain: domain === undefined || (domain.startsWith('[') && isLiteralOf(domain, peer)) ? settings.domain : domain,
  };
}

function isLiteralOf(domain: string, { localAddress }: Pick<Peer, 'localAddress'>): boolean {
  return domain === `[${localAddress}]` || domain === `[ipv6:${localAddress}]`;
}

/**
 * Whoever is accepted gets the message, so a path is refused when the quota of one of those that it leads to is used up, or would be
 * by what SIZE announced (RFC 1870 §6). What was not announced is judged by the store.
 */
function isWithinQuota(target: Target, { announcedOctets = 0, copies }: Transaction): boolean {
  if (target.kind === 'remote') return true;
  return (target.rooms ?? []).every((room) => {
    const { freeOctets = Infinity, freeMessages = Infinity } = room;
    const count = copies.countOf(room, target);
    return freeOctets > 0 && freeOctets >= count * announcedOctets && freeMessages >= count;
  });
}

/** Trace headers of one copy, with some to spare. */
const TRACE_OCTETS = 1024;

/**
 * A quota takes several copies of one message only where there is room for all but one of them, however long it may be: the store
 * refuses a message that passes a quota by more than one copy, and would again when the client sends it again. In LMTP each copy is
 * judged for itself.
 */
function isOneCopyTooMany(target: Target, { announcedOctets, copies, hello }: Transaction, limit: number): boolean {
  if (target.kind === 'remote' || hello.lmtp === true) return false;
  const octets = (announcedOctets ?? limit) + TRACE_OCTETS;
  return (target.rooms ?? []).some(
    (room) => (copies.countOf(room, target) - 1) * octets > (room.freeOctets ?? Infinity),
  );
}

/** RFC 4865: what is held waits in the queue, and a copy in a maildrop would be there at once. */
function isHeldHere(targets: readonly Target[], { onward }: Transaction): boolean {
  return onward?.heldUntilMs !== undefined && targets.some(({ kind }) => kind === 'local');
}

/** Who has logged in may send elsewhere, where that is switched on; nobody else ever may. */
function maySendOn({ hello }: Transaction, { settings }: SmtpContext): boolean {
  return hello.login !== undefined && settings.outbound !== 'off';
}

function elsewhere({ text }: Path, { domain }: Address): Resolution {
  return { kind: 'local', targets: [{ kind: 'remote', address: text, destination: domain }] };
}

/**
 * Nothing is sent to an address that is suppressed, nor where a route says so: whoever writes there knows it at once. Of several
 * that an alias leads to the others get the message, and a report tells of the one who has logged in. Routes of senders are for those too.
 */
function onwardRefusal(
  { text }: Path,
  [target, ...more]: readonly Target[],
  { from, hello }: Transaction,
  context: SmtpContext,
): MaybePromise<SmtpReply | undefined> {
  const { suppressions, routes } = context;
  if (target?.kind !== 'remote' || more.length > 0) return undefined;
  return whenReady(suppressions.findSuppression(target.address), (suppression) => {
    if (suppression !== undefined) {
      noteSuppressed(suppression.address, context);
      return replies.suppressed(text);
    }
    return whenReady(routes.findRoute(target.destination, hello.login === undefined ? '' : from.text), (route) =>
      route?.action.kind === 'error' ? replies.routedNowhere(text, route.action.status, route.action.text) : undefined,
    );
  });
}

/** The operator who is asked about it finds the line; one a session, so that nobody fills the log. */
function noteSuppressed(recipient: string, { counters, observer, peer, session }: SmtpContext): void {
  counters.suppressed = (counters.suppressed ?? 0) + 1;
  if (counters.suppressed === 1) observer.suppressed({ session, peer, recipient });
}

function accept(
  named: Named,
  found: Resolution,
  state: Transaction,
  context: SmtpContext,
): Outcome<SmtpState> | Promise<Outcome<SmtpState>> {
  const { to } = named;
  if (found.kind === 'unknown') return stay(replies.unknownMailbox(to.text));
  if (found.kind === 'disabled') return stay(replies.disabledMailbox(to.text));
  if (found.kind === 'remote') return stay(state.hello.login ? replies.noOutbound(to.text) : replies.noRelay(to.text));
  if (found.kind === 'too-many') return stay(replies.tooManyMembers(to.text));
  const { targets } = found;
  const refusal = refusalOf(to, targets, state, context);
  if (refusal !== undefined) return stay(refusal);
  if (targets.every(({ kind }) => kind === 'local'))
    return stay(replies.recipientOk, withRecipient(named, targets, state));
  if (context.settings.outbound === 'off') return stay(replies.noWayOut(to.text));
  return whenReady(onwardRefusal(to, targets, state, context), (refused) =>
    refused === undefined ? acceptOnward(named, targets, state, context) : stay(refused),
  );
}

/** Within what a login may send. An alias leads to whom its postmaster has named, whoever writes to it. */
function acceptOnward(
  named: Named,
  targets: readonly Target[],
  state: Transaction,
  context: SmtpContext,
): Outcome<SmtpState> | Promise<Outcome<SmtpState>> {
  const remote = targets.filter(({ kind }) => kind === 'remote').length;
  return whenReady(leftFor(state, context), (left) => {
    if (left >= remote)
      return stay(replies.recipientOk, withRecipient(named, targets, { ...state, recipientsLeft: left - remote }));
    noteOverLimit(state.hello, context);
    return whenReady(neverPasses(remote, state, context), (never) =>
      stay(never ? replies.beyondLimit(named.to.text, remote) : replies.overLimit),
    );
  });
}

function refusalOf(
  to: Path,
  targets: readonly Target[],
  state: Transaction,
  { settings }: SmtpContext,
): SmtpReply | undefined {
  if (isHeldHere(targets, state)) return replies.heldForOthers(to.text);
  if (state.maildrops + targets.length > COPIES_LIMIT) return replies.tooManyRecipients;
  if (targets.some((target) => !isWithinQuota(target, state))) return replies.mailboxFull(to.text);
  if (targets.some((target) => isOneCopyTooMany(target, state, settings.maxMessageSize)))
    return replies.anotherCopy(to.text);
  return undefined;
}

function withRecipient({ to, reports }: Named, targets: readonly Target[], state: Transaction): Transaction {
  state.copies.add(targets);
  return {
    ...state,
    recipients: [...state.recipients, { text: to.text, targets, ...reports }],
    pathOctets: state.pathOctets + Buffer.byteLength(to.text) + (reports?.originalRecipient?.length ?? 0),
    maildrops: state.maildrops + targets.length,
  };
}
