/**
 * A text that is never decoded holds nobody: checkpoints go on beside it, its thread is ended, the next is decoded, and the server
 * can stop. In a copy of the program whose decoder runs in a circle when it is told to.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { eventually } from '../support/eventually.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { POSTMASTER, Server } from '../support/server.js';
import { changedProgram, type Change } from './shim.js';

const endless: Change = {
  file: 'message/text.js',
  from: 'if (first === undefined)',
  to: 'while (first?.includes("in a circle")); if (first === undefined)',
};

const MIB = 1024 * 1024;
const WAL_LIMIT_BYTES = 64 * MIB;
const CIRCLES = 4;
const LOAD = { senders: 4, messages: 12, octets: 2 * MIB };
const PATIENCE_MS = 60_000;
const TIMEOUT_MS = 150_000;

function mime(text: string): Buffer {
  return Buffer.from(`Subject: ${text}\r\nContent-Type: text/html\r\n\r\n<p>${text}</p>\r\n`);
}

interface Text {
  readonly subject: string;
  readonly state: number;
  readonly text: string | null;
}

function textsIn(db: string): readonly Text[] {
  const connection = openConnection(db, { readonly: true });
  try {
    return connection
      .prepare<[], Text>('select subject, text_state as state, text from body where text_state <> 0 order by id')
      .all();
  } finally {
    connection.close();
  }
}

describe('a text that is never decoded', function () {
  this.timeout(TIMEOUT_MS);
  let directory: string;
  let server: Server;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-decoding-'));
    server = await Server.start({ main: changedProgram(directory, endless) });
  });
  afterEach(async () => {
    await server.release();
    rmSync(directory, { recursive: true, force: true });
  });

  async function send(...messages: readonly Buffer[]): Promise<void> {
    const client = await smtpSession(server.smtpPort);
    try {
      for (const message of messages) await sendData(client, POSTMASTER, message);
    } finally {
      client.destroy();
    }
  }

  const walBytes = () => statSync(`${server.db}-wal`).size;

  it('holds no checkpoint: the WAL stays small under load', async () => {
    await send(...Array.from({ length: CIRCLES }, () => mime('in a circle')));
    await eventually('the first to be begun', () => textsIn(server.db)[0]?.state === 4);
    const large = Buffer.concat([
      Buffer.from('Subject: load\r\n\r\n'),
      Buffer.alloc(LOAD.octets, 'text of a line\r\n'),
    ]);
    let largestWal = 0;
    await Promise.all(
      Array.from({ length: LOAD.senders }, async () => {
        for (let sent = 0; sent < LOAD.messages; sent++) {
          await send(large);
          largestWal = Math.max(largestWal, walBytes());
        }
      }),
    );
    expect(largestWal).to.be.below(WAL_LIMIT_BYTES);
  });

  it('is marked, and the next is decoded', async () => {
    await send(mime('in a circle'), mime('good'), mime('in a circle'), mime('words'));
    await eventually(
      'every text',
      () => textsIn(server.db).every(({ state }) => state === 2 || state === 3),
      PATIENCE_MS,
    );
    expect(textsIn(server.db)).to.deep.equal([
      { subject: 'in a circle', state: 3, text: null },
      { subject: 'good', state: 2, text: 'good' },
      { subject: 'in a circle', state: 3, text: null },
      { subject: 'words', state: 2, text: 'words' },
    ]);
    expect(server.logs).to.include('a text is left as it came');
  });

  it('does not keep the server from stopping, and is decoded again after the next start', async () => {
    await send(mime('in a circle'));
    await eventually('it to be begun', () => textsIn(server.db)[0]?.state === 4);
    expect((await server.stop()).status).to.equal(0);
    expect(textsIn(server.db)[0]?.state).to.equal(1);
  });
});
