/**
 * LOGIN: name and password in clear, each asked for. No RFC defines it, only an expired draft; Outlook and many devices
 * know nothing else. A name that comes as initial response is taken, as such clients send it.
 */
import { nameIn, passwordIn } from '../client-text.js';
import { checkPassword } from '../login.js';
import { challenge, malformed, type Exchange, type Mechanism, type Step } from '../mechanism.js';

export const login: Mechanism = {
  name: 'LOGIN',
  needs: 'privacy',
  // Some clients read the prompts: they are the draft's, letter by letter.
  begin: (initial, exchange) =>
    initial === undefined
      ? challenge('Username:', (name) => receiveName(name, exchange))
      : receiveName(initial, exchange),
};

function receiveName(octets: Buffer, exchange: Exchange): Step {
  if (!isText(octets)) return malformed;
  const name = nameIn(octets);
  return challenge('Password:', (password) => receivePassword(name, password, exchange));
}

function receivePassword(name: string, octets: Buffer, { logins, who }: Exchange): Step | Promise<Step> {
  return isText(octets) ? checkPassword(logins, { name, ...who }, passwordIn(octets)) : malformed;
}

function isText(octets: Buffer): boolean {
  return octets.length > 0 && !octets.includes(0);
}
