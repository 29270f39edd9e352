/** What the first start prints works as typed, by telnet and without it; and the second start does not print it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { LineClient } from '../support/line-client.js';
import { itNeeds, run } from '../support/programs.js';
import { Server } from '../support/server.js';

interface Example {
  readonly host: string;
  readonly port: string;
  readonly lines: readonly string[];
}

const EXPECT_SCRIPT = `
set timeout 10
lassign $argv host port path
spawn -noecho telnet $host $port
expect -re {(220 |\\+OK)[^\\n]*\\n}
set file [open $path]
while {[gets $file line] >= 0} { send -- "$line\\r" }
expect { eof {} timeout { exit 1 } }
`;

describe('the first start', () => {
  let server: Server;

  before(async () => {
    server = await Server.start();
  });

  after(() => server.release());

  /** The lines under a heading that ends with `telnet HOST PORT`, up to QUIT. */
  function example(heading: string): Example {
    const pattern = new RegExp(`^${heading}: +telnet (\\S+) (\\d+)\\n\\n([^]*?^QUIT)$`, 'm');
    const [, host = '', port = '', text = ''] = pattern.exec(server.stdout) ?? [];
    return { host, port, lines: text.split('\n') };
  }

  async function typed({ host, port, lines }: Example): Promise<string> {
    const client = await LineClient.connect(Number(port), host);
    client.send(...lines);
    return client.rest();
  }

  async function telnet({ host, port, lines }: Example): Promise<string> {
    const [script, path] = [join(server.directory, 'telnet.exp'), join(server.directory, 'typed')];
    await writeFile(script, EXPECT_SCRIPT);
    await writeFile(path, `${lines.join('\n')}\n`);
    return (await run('expect', ['-f', script, host, port, path])).stdout.toString();
  }

  for (const [by, how, needs] of [
    ['as it stands', typed, []],
    ['in telnet', telnet, ['telnet', 'expect']],
  ] as const)
    itNeeds(needs, `prints an example that works ${by}: a message is sent and read`, async () => {
      expect(await how(example('Send a first message'))).to.match(/^250 2\.0\.0 Accepted as \S+\r?\n221 /m);
      const read = await how(example('Read it'));
      expect(read).to.match(/\+OK [^]*\nSubject: Hello\r?\n\r?\nThe first message\.\r?\n\.\r?\n\+OK Bye/);
    });

  itNeeds(['telnet', 'expect'], 'answers HELP in telnet, in upper and lower case', async () => {
    const { host, port } = example('Send a first message');
    const said = await telnet({ host, port, lines: ['help', 'HELP mail', 'mail from:<x@example.org>', 'quit'] });
    expect(said)
      .to.match(/214-.*\r\n/)
      .and.match(/214.*MAIL FROM:/)
      .and.match(/503 5\.5\.1 /);
  });

  itNeeds(['sqlite3'], 'prints a query that works as typed', async () => {
    const [, db = '', sql = ''] = /^Or look: +sqlite3 (\S+) '([^']+)'$/m.exec(server.stdout) ?? [];
    await typed(example('Send a first message'));
    const { stdout } = await run('sqlite3', [db, sql], { cwd: server.directory });
    expect(stdout.toString()).to.match(/^postmaster@localhost\|1\|.*\|Hello\|\d+$/m);
  });

  it('is the only one to show a password', async () => {
    expect(server.password).to.have.length.above(11);
    await server.stop();
    const next = await Server.start({ like: server });
    try {
      expect(next.logs).to.not.match(/password/i);
      expect(await next.stop()).to.deep.equal({ status: 0, signal: null });
    } finally {
      await next.release({ keep: true });
    }
  });
});
