/** Two servers of ours: one submits to the other as its relay, with a login, over TLS whose certificate it has verified. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { fetchAll } from '../support/mail-clients.js';
import { LineClient, stuffed } from '../support/line-client.js';
import { Server } from '../support/server.js';

const ALICE = 'alice@localhost';
const CAROL = 'carol@there.example';
const NOBODY = 'nobody@there.example';
const PASSWORD = 'correct horse';
const MESSAGE = Buffer.from(
  'From: <alice@localhost>\r\nDate: Mon, 30 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@localhost>\r\n\r\n.grün\r\n',
);
const TIMEOUT_MS = 60_000;

describe('a second server of ours as the relay', function () {
  this.timeout(TIMEOUT_MS);
  let relay: Server;
  let server: Server;

  before(async () => {
    relay = await Server.start({ everyService: true, workers: 1 });
    for (const address of [ALICE, CAROL]) await relay.addAccount(address, PASSWORD);
  });

  afterEach(() => server.release());
  after(() => relay.release());

  /** A server whose relay is the other, by this URL without its host. */
  async function sender(scheme: string, port: number): Promise<Server> {
    const url = `${scheme}://${encodeURIComponent(ALICE)}@127.0.0.1:${port}?tls-name=localhost`;
    const started = await Server.start({
      ...{ everyService: true, workers: 1, arguments: ['--outbound', 'relay', '--relay', url] },
      environment: { PENNYPOST_RELAY_PASSWORD: PASSWORD, NODE_EXTRA_CA_CERTS: relay.certificate },
    });
    await started.addAccount(ALICE, PASSWORD);
    return started;
  }

  async function submit(...recipients: readonly string[]): Promise<void> {
    const client = await LineClient.greeted(server.submissionPort);
    const login = Buffer.from(`\0${ALICE}\0${PASSWORD}`).toString('base64');
    const envelope = [`MAIL FROM:<${ALICE}> BODY=8BITMIME`, ...recipients.map((each) => `RCPT TO:<${each}>`)];
    for (const line of ['EHLO client.example', `AUTH PLAIN ${login}`, ...envelope])
      expect((await client.command(line)).code, line).to.be.within(200, 299);
    expect((await client.command('DATA')).code).to.equal(354);
    client.write(Buffer.concat([stuffed(MESSAGE), Buffer.from('.\r\n')]));
    expect((await client.reply()).code).to.equal(250);
    await client.ask('QUIT', /^221/);
  }

  const services = [
    ['smtp', () => relay.submissionPort],
    ['smtps', () => relay.submissionsPort],
  ] as const;
  for (const [at, [scheme, port]] of services.entries())
    it(`takes a message by ${scheme}, as it was; whom it refuses, the first server reports`, async () => {
      server = await sender(scheme, port());
      await submit(CAROL, NOBODY);
      const report = await eventually('the report', async () => (await fetchAll(server.pop3Port, ALICE, PASSWORD))[0]);
      expect(report.toString()).to.include(`Final-Recipient: rfc822; ${NOBODY}\r\n`).and.to.include('5.1.1');
      const arrived = await eventually(
        'it to arrive',
        async () => (await fetchAll(relay.pop3Port, CAROL, PASSWORD))[at],
      );
      expect(arrived.subarray(-MESSAGE.length).equals(MESSAGE)).to.equal(true);
      expect(arrived.toString()).to.match(/^Received: [^]*? with ESMTPSA /m);
      expect(await fetchAll(server.pop3Port, ALICE, PASSWORD)).to.have.length(1);
      expect(await server.do('queue', 'list', '--json')).to.equal('[]\n');
    });
});
