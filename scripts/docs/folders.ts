/**
 * The folders of src/, what each is for, and everything that it may import beside itself, types included: the table in
 * ARCHITECTURE.md is written from it, and test/architecture.test.ts holds every import to it.
 */
import { code, table } from './markdown.js';

interface Folder {
  /** Under src/. Its files are those that no folder below it has. */
  readonly path: string;
  readonly what: string;
  /** Folders, or single files of one. */
  readonly imports: readonly string[];
}

const CONTRACT = ['errors', 'shapes', 'source'].map((name) => `store/${name}.ts`);
const store = (...names: readonly string[]) => [...names.map((name) => `store/${name}.ts`), ...CONTRACT];

export const folders: readonly Folder[] = [
  { path: '.', what: 'what `pennypost` runs: `main.ts`', imports: ['cli'] },
  {
    path: 'cli',
    what: 'one file per noun of the command line; the table is `src/cli/commands.ts`',
    imports: [
      ...[
        'auth',
        'bytes',
        'config',
        'collector',
        'formats',
        'import',
        'ip/network-relation.ts',
        'message',
        'pop3-client',
        'runtime',
        'tls',
        'cluster/control',
        'cluster/supervisor/supervisor.ts',
        'net/listener.ts',
        'net/port-probe.ts',
        'oauth',
        'outbound/client/next-hop.ts',
        'outbound/client/relay-url.ts',
        'store/patience.ts',
      ],
      ...store(
        'open',
        'driver',
        'locations',
        'maintenance',
        'status',
        'autoreplies',
        'collectors',
        'deliveries',
        'devices',
        'logins',
        'directory',
        'mailboxes',
      ),
      ...[
        'store/queue.ts',
        'store/queued-mail.ts',
        'store/quotas.ts',
        'store/recipient-limits.ts',
        'store/relay-logins.ts',
      ],
      'store/removed-mail.ts',
      'store/routes.ts',
      'store/rules/refusals.ts',
      'store/suppressions.ts',
    ],
  },
  {
    path: 'formats',
    what: 'mail in files, as other programs keep it: mbox, maildir, .eml files, zip; written and read',
    imports: ['bytes', 'runtime'],
  },
  {
    path: 'pop3-client',
    what: 'POP3 as a client: a maildrop on another server as mail that is found',
    imports: ['bytes', 'formats', 'ip'],
  },
  {
    path: 'import',
    what: 'mail that was found into an account, each message once',
    imports: ['bytes', 'formats', 'message', ...store('deliveries', 'mailboxes', 'patience')],
  },
  {
    path: 'collector',
    what: 'mail fetched from other servers on a schedule: one run (`run.ts`), and when there is one (`fetcher.ts`)',
    imports: [
      ...['formats', 'import', 'message', 'pop3-client', 'store/rules/collectors.ts'],
      ...store('collectors', 'deliveries', 'patience'),
    ],
  },
  {
    path: 'config',
    what: 'one table of options, units, where values come from',
    imports: ['ip', 'outbound/client/relay-url.ts', 'store/routes.ts', 'store/schemes.ts'],
  },
  {
    path: 'cluster',
    what: 'the table of the kinds of process (`roles.ts`), and what each begins with (`run-process.ts`)',
    imports: [
      ...[
        'auth',
        'collector',
        'config',
        'log',
        'oauth',
        'cluster/control',
        'cluster/supervisor/start-error.ts',
        'cluster/worker',
        'ip',
        'net',
        'web',
      ],
      ...[
        'outbound',
        'outbound/client',
        'store/collectors.ts',
        'store/driver.ts',
        'store/errors.ts',
        'store/open.ts',
        'store/patience.ts',
        'store/status.ts',
        'store/store.ts',
      ],
    ],
  },
  {
    path: 'cluster/supervisor',
    what: 'forks every other process, restarts, reloads and drains them; who may come in and log in, for all; begin at `supervisor.ts`',
    imports: [
      ...['auth', 'cluster/control', 'cluster/roles.ts', 'config', 'ip', 'log', 'net', 'runtime', 'tls'],
      'store/location.ts',
      'store/locations.ts',
    ],
  },
  {
    path: 'cluster/worker',
    what: 'accepts, and builds the line of each session; begin at `worker.ts`',
    imports: [
      ...['auth', 'cluster/control', 'config', 'ip', 'log', 'net', 'pop3', 'runtime', 'session', 'smtp'],
      ...['store/driver.ts', 'store/open.ts', 'store/store.ts', 'store/logins.ts', 'store/shapes.ts'],
      ...['store/devices.ts', 'store/errors.ts', 'store/history.ts'],
    ],
  },
  {
    path: 'cluster/control',
    what: 'what the processes say to each other (`messages.ts`, `child.ts`); watchdogs; who a process is',
    imports: ['auth', 'config', 'log', 'net', 'runtime', 'store/locations.ts', 'store/status.ts'],
  },
  {
    path: 'web',
    what: 'HTTP: the table of calls (`routes.ts`), who asks, and what is answered; begin at `app.ts`',
    imports: [
      ...['auth', 'config', 'ip', 'message', 'net', 'runtime'],
      ...store('directory', 'logins', 'mailboxes', 'removed-mail', 'status', 'web-sessions'),
    ],
  },
  {
    path: 'web/pages',
    what: 'the page that browsers run: `main.tsx`, and `place.ts` for its URLs; built by esbuild, with types of its own',
    imports: [],
  },
  { path: 'net', what: 'listeners and connections', imports: ['bytes', 'ip', 'runtime', 'session/channel.ts'] },
  {
    path: 'tls',
    what: 'certificates: found, made, looked at',
    imports: ['config', 'net', 'runtime', 'store/locations.ts'],
  },
  {
    path: 'session',
    what: "lines, bodies, gates, outcomes, output; one client's session",
    imports: ['bytes', 'runtime', ...store('logins')],
  },
  {
    path: 'smtp',
    what: 'SMTP: states, grammars, replies, a file for each verb or a few alike',
    imports: [
      ...['auth', 'bytes', 'dsn', 'ip', 'message', 'runtime', 'session', 'store/rules/devices.ts'],
      ...store('autoreplies', 'deliveries', 'devices', 'history', 'logins', 'patience'),
      ...store('quotas', 'recipient-limits', 'routes', 'suppressions'),
    ],
  },
  {
    path: 'pop3',
    what: 'POP3: the same',
    imports: ['auth', 'bytes', 'message', 'runtime', 'session', ...store('maildrops', 'logins')],
  },
  {
    path: 'outbound',
    what: 'mail on its way out: when and where each message goes, and what its sender is told',
    imports: [
      ...['dsn', 'log', 'message', 'outbound/client', 'runtime/first-line.ts'],
      ...['store/rules/queue.ts', 'store/rules/routes.ts'],
      ...store('deliveries', 'patience', 'queue', 'relay-logins', 'routes', 'suppressions'),
    ],
  },
  {
    path: 'dsn',
    what: 'what senders are told: reports, and what accounts answer by themselves; words, fields, where it goes',
    imports: ['message', 'runtime/slices.ts', ...store('autoreplies', 'deliveries', 'queue')],
  },
  {
    path: 'outbound/client',
    what: 'the SMTP and LMTP client: one connection to a next hop, and what became of each recipient; knows no queue',
    imports: ['auth/saslprep.ts', 'bytes', 'ip', 'message', 'store/source.ts'],
  },
  {
    path: 'oauth',
    what: 'OAuth 2.0 as a client: who gives access tokens for relays, and how a person or this server gets one',
    imports: ['ip', 'message', 'store/relay-logins.ts'],
  },
  {
    path: 'auth',
    what: "who may log in: mechanisms, passwords, SCRAM keys, the throttle's rules",
    imports: ['runtime', 'session', ...store('logins')],
  },
  {
    path: 'store',
    what: 'the interface, a file for each who uses it; `open.ts` knows the drivers',
    imports: ['store/sqlite'],
  },
  {
    path: 'store/rules',
    what: 'what every driver must decide alike: names, aliases, quotas, locks, refusals, the queue',
    imports: ['ip/network-relation.ts', 'store'],
  },
  {
    path: 'store/sqlite',
    what: 'the SQLite driver, put together from the four folders below',
    imports: [
      ...['runtime', 'store', 'store/sqlite/client', 'store/sqlite/database', 'store/sqlite/server'],
      'store/sqlite/maintenance',
    ],
  },
  {
    path: 'store/sqlite/maintenance',
    what: 'the care of a database as a whole, for commands: `check` and its repair, and what follows; begin at `maintenance.ts`',
    imports: ['bytes', 'runtime', 'store', 'store/sqlite/database', 'store/sqlite/server'],
  },
  {
    path: 'store/sqlite/client',
    what: 'where it is used: reads, and what goes to the store process; begin at `sqlite-store.ts`',
    imports: [
      ...['bytes', 'message', 'runtime', 'store', 'store/rules'],
      ...['store/sqlite/database', 'store/sqlite/protocol'],
    ],
  },
  {
    path: 'store/sqlite/server',
    what: 'the store process: group commit, locks, the queue, checkpoints, recovery, sweeping; begin at `store-server.ts`',
    imports: [
      ...['bytes', 'message', 'runtime', 'store', 'store/rules'],
      ...['store/sqlite/database', 'store/sqlite/protocol'],
    ],
  },
  {
    path: 'store/sqlite/protocol',
    what: 'what both say to each other: frames (`frames.ts`), message metadata, requests',
    imports: ['message', 'store'],
  },
  {
    path: 'store/sqlite/database',
    what: 'the file (`database.ts`): who it belongs to and what lies beside it, pragmas, migrations, statements, names, errors, threads',
    imports: ['runtime', 'store', 'store/rules'],
  },
  {
    path: 'message',
    what: 'mail itself: addresses, envelopes, trace headers, what is done to a header; charsets, summary, text',
    imports: ['bytes', 'store/deliveries.ts', 'store/shapes.ts'],
  },
  { path: 'bytes', what: 'ends of lines, CR and LF that are not part of CRLF, byte-stuffing, views', imports: [] },
  { path: 'ip', what: 'addresses and networks: how they are written, which client is which', imports: [] },
  {
    path: 'log',
    what: "the server's log: one line a session, one an attempt to send",
    imports: ['auth', 'config', 'session', 'smtp/context.ts'],
  },
  {
    path: 'runtime',
    what: 'what Node and V8 make necessary: shared buffers, lists without garbage, bounded maps',
    imports: [],
  },
];

/** What is beside src/, for the same table. */
const BESIDE = [
  ['[db/sqlite](db/sqlite)', 'numbered migrations, plain SQL', ''],
  ['[scripts](scripts)', 'generates the pages that follow from tables', 'tables of src'],
  ['[bench](bench)', 'the side-by-side benchmark against Postfix, Dovecot and others', 'the store and passwords'],
  ['[test](test)', 'dialogue files, contract, parsers, processes, real clients', ''],
] as const;

const BEGIN = '<!-- from scripts/docs/folders.ts, by npm run docs -->';
const END = '<!-- end of the table -->';

/** `architecture` with the table of now between its marks. */
export function withFolders(architecture: string): string {
  const [before, behind] = [architecture.indexOf(BEGIN), architecture.indexOf(END)];
  if (before === -1 || behind < before) throw new Error('ARCHITECTURE.md has lost the marks of its table of folders');
  const rows = folders.map(({ path, what, imports }) => [
    linkTo(path),
    what,
    imports.map(code).join(', ') || 'nothing',
  ]);
  const written = table(['Folder', 'What it is for', 'May import, besides itself'], [...rows, ...BESIDE]);
  return `${architecture.slice(0, before)}${BEGIN}\n\n${written}\n\n${architecture.slice(behind)}`;
}

function linkTo(path: string): string {
  return path === '.' ? '[src](src)' : `[src/${path}](src/${path})`;
}
