/**
 * PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd` in one message, in clear. What is not exactly that asks nobody.
 * SASLprep of the password is the authenticator's, so that it is the same for every way of logging in.
 */
import { Buffer } from 'node:buffer';
import { nameIn, passwordIn } from '../client-text.js';
import { checkPassword } from '../login.js';
import { challenge, isOwn, malformed, refuse, type Exchange, type Mechanism, type Step } from '../mechanism.js';

const MESSAGE = /^([^\0]*)\0([^\0]+)\0([^\0]+)$/;

export const plain: Mechanism = {
  name: 'PLAIN',
  needs: 'privacy',
  begin: (initial, exchange) =>
    initial === undefined ? challenge('', (response) => receive(response, exchange)) : receive(initial, exchange),
};

async function receive(message: Buffer, exchange: Exchange): Promise<Step> {
  const parts = MESSAGE.exec(message.toString('latin1'))?.slice(1);
  if (parts === undefined) return malformed;
  const [authzid, authcid, passwd] = parts.map((part) => Buffer.from(part, 'latin1')) as [Buffer, Buffer, Buffer];
  const name = nameIn(authcid);
  const attempt = { name, ...exchange.who };
  if (!(await isOwn(nameIn(authzid), name, exchange))) return refuse(attempt, 'authzid is not the login', exchange);
  return checkPassword(exchange.logins, attempt, passwordIn(passwd));
}
