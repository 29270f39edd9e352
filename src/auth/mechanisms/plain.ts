/**
 * PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd` in one message, in clear. What is not exactly that asks nobody.
 * SASLprep of the password is the authenticator's, so that it is the same for every way of logging in.
 */
import { isUtf8 } from 'node:buffer';
import { challenge, isOwn, malformed, refuse, type Exchange, type Mechanism, type Step } from '../mechanism.js';

const MESSAGE = /^([^\0]*)\0([^\0]+)\0([^\0]+)$/;

export const plain: Mechanism = {
  name: 'PLAIN',
  needs: 'privacy',
  begin: (initial, exchange) =>
    initial === undefined ? challenge('', (response) => hear(response, exchange)) : hear(initial, exchange),
};

async function hear(message: Buffer, exchange: Exchange): Promise<Step> {
  const parts = isUtf8(message) ? MESSAGE.exec(message.toString()) : null;
  const [, authzid = '', name, password] = parts ?? [];
  if (name === undefined || password === undefined) return malformed;
  const attempt = { ...exchange.who, name };
  if (!(await isOwn(authzid, name, exchange))) return refuse(attempt, 'authzid is not the login', exchange);
  return exchange.logins.check({ ...attempt, password });
}
