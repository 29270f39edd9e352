/**
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): the client proves that it knows the password, and the server
 * that it has its keys; the password is never sent. PLUS also proves that both ends are of one TLS connection (channel
 * binding, RFC 5056), so that a man in the middle with another certificate gets nowhere.
 * The server's part of the nonce is fresh for each login: no message of an earlier one proves anything.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { grantOf, type LoginAttempt, type ScramCandidate, type ScramKeys, type Welcome } from '../login.js';
import { challenge, isOwn, malformed, refuse, type Exchange, type Mechanism, type Step } from '../mechanism.js';
import { readClientFinal, readClientFirst, type ClientFinal, type ClientFirst } from './scram-messages.js';

const DIGEST = 'sha256';
const KEY_BYTES = 32;
const NONCE_BYTES = 18;

/** What has been said so far. */
interface Opening {
  readonly attempt: LoginAttempt;
  readonly first: ClientFirst;
  readonly nonce: string;
  readonly serverFirst: string;
  readonly keys: ScramKeys;
}

export const scramSha256 = scram('SCRAM-SHA-256', 'nothing');
export const scramSha256Plus = scram('SCRAM-SHA-256-PLUS', 'binding');

/** `makeNonce`: the server's part; other than random only for the RFC's example. */
export function scram(
  name: string,
  needs: 'nothing' | 'binding',
  makeNonce = () => randomBytes(NONCE_BYTES).toString('base64'),
): Mechanism {
  const open = (message: Buffer, exchange: Exchange) =>
    receiveClientFirst(message, exchange, { needs, nonce: makeNonce() });
  return {
    name,
    needs,
    begin: (initial, exchange) =>
      initial === undefined ? challenge('', (response) => open(response, exchange)) : open(initial, exchange),
  };
}

async function receiveClientFirst(
  message: Buffer,
  exchange: Exchange,
  ours: { readonly needs: 'nothing' | 'binding'; readonly nonce: string },
): Promise<Step> {
  const first = readClientFirst(message);
  if (first === undefined) return malformed;
  const attempt = { name: first.name, ...exchange.who };
  const error = bindingError(first, ours.needs, exchange);
  if (error !== undefined) return unbound(error, exchange);
  if (!(await isOwn(first.authzid, first.name, exchange))) return refuse(attempt, 'authzid is not the login', exchange);
  const keys = await exchange.logins.scramKeys(attempt);
  if (keys.kind === 'refused') return keys;
  const nonce = first.nonce + ours.nonce;
  const serverFirst = `r=${nonce},s=${keys.salt.toString('base64')},i=${keys.iterations}`;
  return challenge(serverFirst, (final) =>
    receiveClientFinal(final, { attempt, first, nonce, serverFirst, keys }, exchange),
  );
}

const HIDDEN = 'PLUS was hidden from the client';

/** A 'y' where PLUS was offered means that somebody took it out of our list on the way (RFC 5802 §6). */
function bindingError(first: ClientFirst, needs: 'nothing' | 'binding', exchange: Exchange): string | undefined {
  if (needs === 'binding') return bindingData(first, exchange).length === 0 ? 'other channel binding' : undefined;
  if (first.flag === 'p') return 'channel binding without PLUS';
  return first.flag === 'y' && exchange.security !== undefined ? HIDDEN : undefined;
}

/** No password was looked at: nothing counts. */
function unbound(reason: string, { logins, who }: Exchange): Step {
  logins.unbound({ ...who, reason });
  return { kind: 'unbound', hidden: reason === HIDDEN };
}

function bindingData({ flag, bindingType }: ClientFirst, { security }: Exchange): readonly Uint8Array[] {
  return flag === 'p' ? (security?.channelBindings(bindingType) ?? []) : [];
}

async function receiveClientFinal(message: Buffer, opening: Opening, exchange: Exchange): Promise<Step> {
  const { attempt, first, nonce } = opening;
  const final = readClientFinal(message);
  if (final?.nonce !== nonce) return refuse(attempt, 'malformed SCRAM message', exchange);
  if (!expectedBindings(first, exchange).some((expected) => isSame(final.binding, expected)))
    return refuse(attempt, 'channel binding does not match', exchange);
  const signed = `${first.bare},${opening.serverFirst},${final.withoutProof}`;
  const proved = opening.keys.candidates.find(({ storedKey }) => proves(final, signed, storedKey));
  const result = await exchange.logins.settle(attempt, proved);
  if (result.kind !== 'welcome' || proved === undefined) return result;
  // The client answers the server's own proof with nothing, or goes away: it is the one to judge it (RFC 5802 §5).
  const signature = mac(proved.serverKey, signed).toString('base64');
  return challenge(`v=${signature}`, (nothing) => (nothing.length === 0 ? confirm(result, exchange) : malformed));
}

/** The client took its time for the last word: the password may be another by now. */
async function confirm(welcome: Welcome, { store, who }: Exchange): Promise<Step> {
  return (await store.stands(grantOf(welcome, who.scope))) ? welcome : { kind: 'wrong' };
}

function expectedBindings(first: ClientFirst, exchange: Exchange): readonly Buffer[] {
  const header = Buffer.from(first.header);
  return first.flag === 'p' ? bindingData(first, exchange).map((data) => Buffer.concat([header, data])) : [header];
}

/** ClientProof = ClientKey XOR ClientSignature, and H(ClientKey) is the StoredKey (RFC 5802 §3). */
function proves({ proof }: ClientFinal, signed: string, storedKey: ScramCandidate['storedKey']): boolean {
  if (proof.length !== KEY_BYTES) return false;
  const signature = mac(storedKey, signed);
  const clientKey = Buffer.from(proof.map((octet, at) => octet ^ (signature[at] as number)));
  return timingSafeEqual(createHash(DIGEST).update(clientKey).digest(), storedKey);
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function mac(key: Buffer, text: string): Buffer {
  return createHmac(DIGEST, key).update(text).digest();
}
