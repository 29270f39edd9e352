/**
 * USER and PASS (RFC 1939 §7): every name is welcome until its password is wrong, so that nobody learns who has
 * a mailbox here. A login opens the maildrop for this session alone; AUTH's (auth.ts) does it here too.
 */
import { checkPassword, grantOf, type Welcome } from '../../auth/login.js';
import { isPrivate } from '../../session/channel.js';
import { stay, type Outcome } from '../../session/command.js';
import { defineCommand, type Pop3Context } from '../context.js';
import { password as passwordText, text } from '../grammar.js';
import { Listing } from '../listing.js';
import { failureReply, replies } from '../replies.js';
import { authorization, type Pop3State } from '../state.js';
import { StoreError } from '../../store/errors.js';
import { MAIN_VIEW, type ViewId } from '../../store/maildrops.js';

export const user = defineCommand({
  verb: 'USER',
  rfc: 'RFC 1939 §7',
  help: { syntax: 'name', summary: 'says whose mail it is', example: 'USER postmaster@localhost', next: 'PASS' },
  grammar: text,
  at: ['authorization'],
  octets: true,
  serves: 'none',
  needs: ['private'],
  announce: ({ peer }) => (isPrivate(peer) ? ['USER'] : []),
  run: (name) => stay(replies.userTaken, { at: 'authorization', user: name }),
});

export const pass = defineCommand({
  verb: 'PASS',
  rfc: 'RFC 1939 §7',
  help: {
    syntax: 'password',
    summary: 'proves it, and opens the maildrop for this session alone',
    example: 'PASS secret',
    next: 'STAT, LIST, UIDL, RETR, TOP, DELE or QUIT',
  },
  grammar: passwordText,
  at: ['authorization'],
  needs: ['private'],
  secret: true,
  verbatim: true,
  octets: true,
  refuse: ({ user: name }) => (name === undefined ? replies.needUser : undefined),
  run: (password, { user: name }, context) => logIn(name ?? '', password, context),
});

async function logIn(name: string, password: string | undefined, context: Pop3Context): Promise<Outcome<Pop3State>> {
  try {
    const { peer, session, protocol, authenticator } = context;
    const attempt = { name, scope: 'pop3', mechanism: 'USER', peer, session, protocol } as const;
    const result = await checkPassword(authenticator, attempt, password);
    switch (result.kind) {
      case 'welcome':
        return await openMaildrop(result, attempt.mechanism, context);
      case 'wrong':
        return stay(replies.wrongLogin, authorization);
      case 'refused':
        return stay(replies.tooManyFailedLogins(result.retryAfterMs), authorization);
      case 'crowded':
        return stay(replies.tooManyLogins, authorization);
    }
  } catch (error) {
    if (error instanceof StoreError) return stay(failureReply(error), authorization);
    throw error;
  }
}

/** What the session sees of the maildrop; undefined for all of it. */
function viewOf({ account, credential }: Welcome): ViewId | undefined {
  return account.hasViews ? (credential?.id ?? MAIN_VIEW) : undefined;
}

/** @throws StoreError */
export async function openMaildrop(
  login: Welcome,
  mechanism: string,
  { store, peer, session, settings, counters, presence }: Pop3Context,
): Promise<Outcome<Pop3State>> {
  const { account } = login;
  const maildrop = await store.open(account.id, {
    from: `${peer.address} (session ${session})`,
    view: viewOf(login),
    ...(settings.loginDelay > 0 && { intervalMs: settings.loginDelay }),
    ...(presence !== undefined && { isLeaving: () => presence.isLeaving(), gone: presence.gone }),
  });
  const listing = new Listing(maildrop);
  counters.account = account.address;
  counters.mechanism = mechanism;
  return stay(replies.loggedIn(listing.count, listing.octets), {
    at: 'transaction',
    grant: grantOf(login, 'pop3'),
    expireDays: account.expireDays,
    maildrop,
    listing,
  });
}
