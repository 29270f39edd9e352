/**
 * LOGIN: name and password in clear, each asked for. No RFC defines it, only an expired draft; Outlook and many devices
 * know nothing else. A name that comes as initial response is taken, as such clients send it.
 */
import { isUtf8 } from 'node:buffer';
import { challenge, malformed, type Exchange, type Mechanism, type Step } from '../mechanism.js';

export const login: Mechanism = {
  name: 'LOGIN',
  needs: 'privacy',
  // Some clients read the prompts: they are the draft's, letter by letter.
  begin: (initial, exchange) =>
    initial === undefined ? challenge('Username:', (name) => hearName(name, exchange)) : hearName(initial, exchange),
};

function hearName(octets: Buffer, exchange: Exchange): Step {
  const name = read(octets);
  return name === undefined ? malformed : challenge('Password:', (password) => hearPassword(name, password, exchange));
}

function hearPassword(name: string, octets: Buffer, { logins, who }: Exchange): Step | Promise<Step> {
  const password = read(octets);
  return password === undefined ? malformed : logins.check({ ...who, name, password });
}

function read(octets: Buffer): string | undefined {
  return octets.length > 0 && isUtf8(octets) && !octets.includes(0) ? octets.toString() : undefined;
}
