/** What a login sends, where the server repeats it: neither a refusal nor what is said of mail later shows it to anybody. */
import { expect } from 'chai';
import type { Credentials } from '../../../src/outbound/client/next-hop.js';
import { ScriptedServer } from '../../support/scripted-server.js';
import { clientOf, hopTo, notConnected, sendTo } from './sending.js';

const password: Credentials = { kind: 'password', user: 'office@example.org', password: 'grünes Haus' };
const token: Credentials = { kind: 'token', user: 'office@example.org', accessToken: 'ya29.token' };
const SECRETS = ['grünes haus', 'haus', 'ya29', 'token'];

const base64 = (text: string) => Buffer.from(text).toString('base64');
const last = (line: string) => line.split(' ').at(-1) ?? '';
const decoded = (line: string) => Buffer.from(last(line), 'base64').toString();

/** It, what it means, the most of it, and how a server writes that shouts. */
function repeated(line: string): string {
  return [line, decoded(line), last(line).slice(0, -5), last(line).toUpperCase()].join(' | ');
}

/** The text of the refusal, and what had been sent. */
async function refused(mechanism: string, credentials: Credentials) {
  const sent: string[] = [];
  const answer = (line: string): string | undefined => {
    if (!line.startsWith('AUTH') && sent.length === 0) return undefined;
    if (line === 'QUIT') return undefined;
    sent.push(line);
    if (sent.length === 2 || (sent.length === 1 && mechanism === 'PLAIN'))
      return `535 5.7.8 refused: ${sent.map(repeated).join(' | ')} | grünes Haus | ${base64('x\0ya29.token')}`;
    if (mechanism === 'SCRAM-SHA-256')
      return `334 ${base64(`r=${/r=(.*)$/.exec(decoded(line))?.[1] ?? ''}more,s=c2FsdA==,i=4096`)}`;
    return `334 ${base64(JSON.stringify({ was: repeated(line) }))}`;
  };
  const server = await ScriptedServer.start({ extensions: [`AUTH ${mechanism}`], answer });
  try {
    const { text } = await notConnected(clientOf().connect(hopTo(server.port, { credentials })));
    return { text, sent };
  } finally {
    await server.stop();
  }
}

describe('what a login at a next hop sent', () => {
  for (const mechanism of ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'OAUTHBEARER', 'XOAUTH2'])
    it(`stands in no refusal that repeats it: ${mechanism}`, async () => {
      const credentials = mechanism.includes('OAUTH') ? token : password;
      const { text, sent } = await refused(mechanism, credentials);
      expect(text).to.match(/^refused: .*\*\*\*/);
      const own = credentials === token ? SECRETS.slice(2) : SECRETS.slice(0, 2);
      const words = sent.map(last).filter((word) => word.length > 4 && word !== mechanism);
      for (const word of [...words.map((each) => each.slice(0, 12)), ...own])
        expect(text.toLowerCase()).to.not.include(word.toLowerCase());
    });

  it('stands in nothing that the server says of mail later, also where it was cut or wrapped', async () => {
    const line = base64('\0office@example.org\0grünes Haus');
    for (const [command, length] of [
      [/^MAIL/, 0],
      [/^RCPT/, 0],
      [/^DATA/, 0],
      [/^MAIL/, 990],
      [/^MAIL/, 1_990],
    ] as const) {
      const answer = (heard: string) => {
        if (heard.startsWith('AUTH')) return '235 2.7.0 welcome';
        const said = `${line.slice(0, 20)}\r\n451 4.3.0 ${line.slice(20)} grünes Haus for office@example.org`;
        return command.test(heard) ? `451-4.3.0 ${'x'.repeat(length)} ${said}` : undefined;
      };
      const { outcomes } = await sendTo({ extensions: ['AUTH PLAIN'], answer }, { hop: { credentials: password } });
      const text = outcomes[0]?.text ?? '';
      expect(text).to.not.include(line.slice(0, 4)).and.to.not.include('Haus');
      if (length === 0) expect(text).to.equal('*** *** *** for office@example.org');
    }
  });

  it('leaves the words of a server alone that repeats nothing', async () => {
    const answer = (heard: string) =>
      heard.startsWith('AUTH')
        ? '235 welcome'
        : heard.startsWith('MAIL')
          ? '550 5.7.1 office@example.org may not'
          : undefined;
    const hop = { credentials: { ...token, accessToken: 'may' } };
    const { outcomes } = await sendTo({ extensions: ['AUTH XOAUTH2'], answer }, { hop });
    expect(outcomes[0]).to.include({ text: 'office@example.org may not' });
  });
});
