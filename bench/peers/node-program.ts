/** What a Node developer would write: smtp-server and better-sqlite3 with synchronous=FULL. Run by the peer `node`. */
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { SMTPServer } from 'smtp-server';

const [port, path = 'mail.db'] = process.argv.slice(2);
const db = openConnection(path);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec('create table if not exists message (id integer primary key, sender text, recipients text, body blob)');
const insert = db.prepare('insert into message (sender, recipients, body) values (?, ?, ?)');

const server = new SMTPServer({
  disabledCommands: ['STARTTLS', 'AUTH'],
  disableReverseLookup: true,
  onData(stream, { envelope: { mailFrom, rcptTo } }, done) {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const sender = mailFrom === false ? '' : mailFrom.address;
      insert.run(sender, rcptTo.map(({ address }) => address).join(), Buffer.concat(chunks));
      done();
    });
  },
});
server.listen(Number(port), '127.0.0.1');
