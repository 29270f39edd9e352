/**
 * A flood of one client holds no neighbour on the same worker. The worker is stopped while both are sent, so that it finds them
 * together, the flood first; what it did in which order stands in the dialogue of -v. Counted are the commands of the flood that
 * came before the neighbour's: no time is measured, and a slow machine does fewer of them in a turn. Copies of the program from
 * which turns were taken show that the count notices.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { changedProgram, type Change } from '../crash/shim.js';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { sendBdat, sendData, smtpSession } from '../support/mail-clients.js';
import { POSTMASTER, Server } from '../support/server.js';

/** What would hide turns: commands that do nothing are slowed down, and a large message begins in a thread. */
const junkAllowed: Change = { file: 'session/limits.js', from: 'quickJunk: 100,', to: 'quickJunk: Infinity,' };
const READS = 'store/sqlite/client/paced-reads.js';
const readAtOnce: readonly Change[] = [
  { file: READS, from: '32 * 1024', to: 'Infinity' },
  { file: READS, from: 'return this.#pace.isSlow(performance.now());', to: 'return false;' },
];
const withoutTurns: Change = {
  file: 'session/turns.js',
  from: '= { turnMs: TURN_MS, shareMs: SHARE_MS }',
  to: '= unlimited',
};
const commandsWithoutTurns: Change = {
  file: 'session/loop.js',
  from: "flow.turn.goesOn(mode.kind === 'collect' ? STEPS_PER_LOOK : 1);",
  to: ';',
};
const repliesWithoutTurns: Change = { file: 'session/output.js', from: 'this.#turn.goesOn(STEPS_PER_LOOK);', to: '' };

interface Flood {
  readonly protocol: 'smtp' | 'pop3';
  readonly commands: readonly string[];
}

/** Each is more than a share on any machine, and no more than the network and the dialogue take at once. */
const MESSAGES = 20_000;
const DOTS = Buffer.concat([Buffer.from('Subject: dots\r\n\r\n'), Buffer.alloc(1_500_000, '.\r\n')]);
const floods = {
  NOOP: { protocol: 'smtp', commands: Array<string>(4_000).fill('NOOP') },
  HELP: { protocol: 'smtp', commands: Array<string>(2_000).fill('HELP') },
  CAPA: { protocol: 'pop3', commands: Array<string>(1_000).fill('CAPA') },
  // One long reply, and a command that shows when it was done.
  UIDL: { protocol: 'pop3', commands: ['UIDL', 'NOOP'] },
  RETR: { protocol: 'pop3', commands: ['RETR 1', 'NOOP'] },
} satisfies Readonly<Record<string, Flood>>;
type FloodName = keyof typeof floods;

const SHORT_REPLIES: readonly FloodName[] = ['NOOP', 'HELP', 'CAPA'];
const LONG_REPLIES: readonly FloodName[] = ['UIDL', 'RETR'];
/** Of the flood, before the neighbour: at most this with turns. */
const EARLY = 0.6;
const ROUNDS = 3;
const TRIES = 20;

/** Of one session in the dialogue. */
interface Client {
  readonly socket: Socket;
  readonly tag: string;
}

describe('the turns of a worker', () => {
  let directory: string;
  let first: Server;
  let password: string;
  let running: Server;
  /** Of the only worker. */
  let pid: number;
  let entered = 0;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-turns-'));
    first = await Server.start({ workers: 1 });
    password = first.password;
    const client = await smtpSession(first.smtpPort);
    await sendBdat(client, POSTMASTER, [DOTS]);
    await sendData(client, POSTMASTER, Buffer.from('Subject: one of many\r\n'));
    client.destroy();
    await first.stop();
    await first.release({ keep: true });
    multiply(first.db);
  });

  after(async () => {
    await first.release();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The last message, so many times. */
  function multiply(db: string): void {
    const connection = openConnection(db);
    connection.exec(`
      insert into message (account, uid, body, octets, received_at, reverse_path, recipient, trace)
      with recursive n (i) as (select 1 union all select i + 1 from n where i < ${MESSAGES})
      select account, uid + i, body, octets, received_at, reverse_path, recipient, trace
      from n join message on message.id = (select max(id) from message);
      update body set refs = (select count(*) from message where message.body = body.id);
      update account set
        uid_next = (select max(uid) + 1 from message),
        messages = (select count(*) from message),
        octets = (select sum(octets) from message)`);
    connection.close();
  }

  async function start(...changes: readonly Change[]): Promise<void> {
    const main = changedProgram(directory, ...changes);
    running = await Server.start({ like: first, workers: 1, main, arguments: ['-v'] });
    const [worker] = (await running.status()).workers;
    pid = worker?.pid as number;
  }

  async function enter(protocol: Flood['protocol'], name: string): Promise<Client> {
    const port = protocol === 'smtp' ? running.smtpPort : running.pop3Port;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const client = LineClient.over(socket);
    await client.expect(/^(220 |\+OK)/);
    client.send(protocol === 'smtp' ? `HELO ${name}` : `NOOP ${name}`);
    await client.reply();
    const said = new RegExp(`^\\[(\\S+)\\] C: \\S+ ${name}$`, 'm');
    const tag = await eventually(`${name} in the dialogue`, () => said.exec(running.stderr)?.[1]);
    for (const line of protocol === 'smtp' ? [] : [`USER ${POSTMASTER}`, `PASS ${password}`]) {
      client.send(line);
      await client.reply();
    }
    client.leave();
    socket.on('error', () => undefined).resume(); // Whatever it hears, it takes.
    return { socket, tag };
  }

  /** Which part of the flood came before the neighbour; undefined when nothing did: then the neighbour was heard first. */
  async function partBefore({ commands }: Flood, client: Client, neighbour: Client): Promise<number | undefined> {
    const from = running.stderr.length;
    process.kill(pid, 'SIGSTOP');
    await sent(client, commands);
    await sent(neighbour, ['NOOP']);
    process.kill(pid, 'SIGCONT');
    const ours = `[${client.tag}] C: `;
    const theirs = `[${neighbour.tag}] C: `;
    const dialogue = await eventually('all commands', () => {
      const said = running.stderr.slice(from);
      return said.includes(theirs) && said.split(ours).length > commands.length && said;
    });
    const before = dialogue.slice(0, dialogue.indexOf(theirs)).split(ours).length - 1;
    return before === 0 ? undefined : before / commands.length;
  }

  /** Resolves when the kernel has all of it. */
  function sent({ socket }: Client, commands: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      socket.write(commands.map((command) => `${command}\r\n`).join(''), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  async function partsBefore(flood: Flood): Promise<readonly number[]> {
    entered += 1;
    const client = await enter(flood.protocol, `flood-${entered}.example`);
    const neighbour = await enter('smtp', `neighbour-${entered}.example`);
    const parts: number[] = [];
    for (let tries = 0; tries < TRIES && parts.length < ROUNDS; tries++) {
      const part = await partBefore(flood, client, neighbour);
      if (part !== undefined) parts.push(part);
    }
    client.socket.destroy();
    neighbour.socket.destroy();
    expect(parts).to.have.length(ROUNDS);
    return parts;
  }

  function early(names: readonly FloodName[]): void {
    for (const name of names)
      it(`a neighbour comes long before the end of a flood of ${name}`, async () => {
        expect(Math.max(...(await partsBefore(floods[name])))).to.be.below(EARLY);
      });
  }

  function late(names: readonly FloodName[]): void {
    for (const name of names)
      it(`a neighbour comes behind a flood of ${name}`, async () => {
        expect(Math.min(...(await partsBefore(floods[name])))).to.equal(1);
      });
  }

  describe('end between two commands:', () => {
    before(() => start(junkAllowed));
    after(() => running.release({ keep: true }));
    early(SHORT_REPLIES);
  });

  describe('end inside a long reply, even where they do not end between two commands:', () => {
    before(() => start(junkAllowed, ...readAtOnce, commandsWithoutTurns));
    after(() => running.release({ keep: true }));
    early(LONG_REPLIES);
    late(['NOOP', 'HELP']);
  });

  describe('are missed when they do not end inside a reply:', () => {
    before(() => start(junkAllowed, ...readAtOnce, commandsWithoutTurns, repliesWithoutTurns));
    after(() => running.release({ keep: true }));
    late([...LONG_REPLIES, 'CAPA']);
  });

  describe('are missed when there are none:', () => {
    before(() => start(junkAllowed, ...readAtOnce, withoutTurns));
    after(() => running.release({ keep: true }));
    late([...SHORT_REPLIES, ...LONG_REPLIES]);
  });
});
