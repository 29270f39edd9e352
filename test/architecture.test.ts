/** The rules of who may import whom (ARCHITECTURE.md), held on the source files themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect } from 'chai';
import { folders } from '../scripts/docs/folders.js';
import { ROOT } from './support/server.js';

interface Source {
  readonly path: string;
  readonly text: string;
  /** What it imports or re-exports; of our own files the path under src/, of others the name. */
  readonly imports: readonly string[];
  /** Those of them that are still there when it runs. */
  readonly loads: readonly string[];
}

const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';|\bimport\(\s*'([^']+)'\s*\)/gm;

/** Sets pragmas and runs migrations, neither of which can be bound. */
const OPENS_DATABASES = 'store/sqlite/database/database.ts';

function read(path: string): Source {
  const text = readFileSync(`${ROOT}src/${path}`, 'utf8');
  const found = [...text.matchAll(IMPORT)].map(([, type, name = '', lazy]) => ({
    name: resolve(path, lazy ?? name),
    runs: type === undefined && lazy === undefined,
  }));
  return { path, text, imports: found.map(({ name }) => name), loads: found.filter((i) => i.runs).map((i) => i.name) };
}

function resolve(from: string, name: string): string {
  return name.startsWith('.') ? posix.join(posix.dirname(from), name).replace(/\.js$/, '.ts') : name;
}

function importsNone(sources: readonly Source[], unwanted: RegExp): void {
  for (const { path, imports } of sources)
    expect(
      imports.filter((name) => unwanted.test(name)),
      path,
    ).to.be.empty;
}

function sourcePaths(): readonly string[] {
  const names = readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => name.replaceAll('\\', '/'));
}

describe('the architecture', () => {
  const sources = sourcePaths().map(read);
  const under = (folder: string) => sources.filter(({ path }) => path.startsWith(folder));
  const importers = (name: RegExp) => sources.filter((s) => s.imports.some((i) => name.test(i))).map((s) => s.path);
  const holders = (text: RegExp) => sources.filter((s) => text.test(s.text)).map((s) => s.path);

  it('is read from files that are there', () => {
    expect(sources).to.have.length.above(80);
    const known = new Set(sources.map(({ path }) => path));
    const ours = sources.flatMap(({ imports }) => imports).filter((name) => name.endsWith('.ts'));
    expect(ours).to.have.length.above(200);
    expect(ours.filter((name) => !known.has(name))).to.deep.equal([]);
  });

  it('imports what stands in the table of folders, types included, and nothing stands there for nothing', () => {
    const paths = new Set(folders.map(({ path }) => path));
    const above = (path: string): string => (path.includes('/') ? folderOf(posix.dirname(path)) : '.');
    const folderOf = (path: string): string => (paths.has(path) ? path : above(path));
    const unused = new Set(folders.flatMap(({ path, imports }) => imports.map((name) => `${path} → ${name}`)));
    for (const { path, imports } of sources) {
      const folder = above(path);
      const allowed = folders.find((one) => one.path === folder)?.imports ?? [];
      for (const name of imports.filter((found) => found.endsWith('.ts') && above(found) !== folder)) {
        const entry = allowed.find((one) => one === name || one === above(name));
        expect(entry, `${path} imports ${name}, which scripts/docs/folders.ts does not allow`).to.be.a('string');
        unused.delete(`${folder} → ${entry}`);
      }
    }
    expect([...unused].filter((each) => !/store\/(errors|shapes|source)\.ts$/.test(each))).to.deep.equal([]);
  });

  it('keeps smtp/ and pop3/ apart, and session/ and cli/ from both', () => {
    for (const [folder, others] of [
      ['smtp/', /^pop3\//],
      ['pop3/', /^smtp\//],
      ['cli/', /^(smtp|pop3)\//],
      ['session/', /^(smtp|pop3|net|cluster|cli|config|log)\/|^store\/(?!(errors|shapes|source|logins)\.ts)/],
    ] as const)
      importsNone(under(folder), others);
  });

  it('keeps sockets out of session/, smtp/ and pop3/', () => {
    // isIP and its like only look at text.
    const opens = /import [^;]*\b(Socket|Server|connect|createServer|createConnection)\b[^;]*from 'node:net'/;
    for (const { path, imports, text } of [...under('session/'), ...under('smtp/'), ...under('pop3/')]) {
      expect(opens.test(text), path).to.equal(false);
      if (path.startsWith('session/')) expect(imports, path).to.not.include('node:net');
    }
  });

  it('lets the rest of the program know the store by its interface alone', () => {
    const roles = [
      'autoreplies',
      'collectors',
      'deliveries',
      'devices',
      'directory',
      'errors',
      'history',
      'logins',
      'mailboxes',
      'maildrops',
      'queue',
      'queued-mail',
      'quotas',
      'recipient-limits',
      'relay-logins',
      'removed-mail',
      'routes',
      'shapes',
      'source',
      'store',
      'suppressions',
      'web-sessions',
    ];
    const interfaces = [...roles, 'driver', 'location', 'maintenance', 'schemes', 'status'];
    const files = sources.filter(({ path }) => interfaces.some((name) => path === `store/${name}.ts`));
    expect(files).to.have.length(interfaces.length);
    importsNone(files, new RegExp(`^(?!store/(${interfaces.join('|')})\\.ts$)`));
    expect(under('store/rules/')).to.have.length.above(5);
    importsNone(
      under('store/rules/'),
      new RegExp(`^(?!node:url$|ip/network-relation\\.ts$|store/rules/|store/(${interfaces.join('|')})\\.ts$)`),
    );
    expect(importers(/^store\/sqlite\//).filter((path) => !/^store\/(open|locations|sqlite\/.*)\.ts$/.test(path))).to.be
      .empty;
  });

  it('hands each part of the program only its own part of the store', () => {
    for (const [folder, theirs] of [
      [
        'smtp/',
        'autoreplies|deliveries|devices|history|logins|quotas|recipient-limits|routes|rules/devices|suppressions',
      ],
      ['pop3/', 'maildrops|logins'],
      ['auth/', 'logins'],
      [
        'cli/',
        'open|driver|locations|maintenance|status|autoreplies|collectors|deliveries|devices|logins|directory|mailboxes|queue|queued-mail|quotas|recipient-limits|relay-logins|removed-mail|routes|rules/refusals|suppressions',
      ],
      ['collector/', 'collectors|deliveries|rules/collectors'],
      ['import/', 'deliveries|mailboxes'],
      ['config/', 'routes|schemes'],
      ['outbound/', 'deliveries|queue|relay-logins|routes|rules/queue|rules/routes|suppressions'],
      ['dsn/', 'autoreplies|deliveries|queue'],
    ] as const)
      importsNone(under(folder), new RegExp(`^store/(?!(${theirs}|errors|patience|shapes|source)\\.ts$)`));
  });

  it('lets the rooms of cluster/ and of store/sqlite/ stand on each other', () => {
    for (const [folder, others] of [
      ['cluster/control/', /^cluster\/(?!control)/],
      ['cluster/supervisor/', /^cluster\/worker\//],
      ['cluster/worker/', /^cluster\/supervisor\//],
      ['store/sqlite/database/', /^store\/sqlite\/(?!database)|^message\//],
      ['store/sqlite/protocol/', /^store\/sqlite\/(?!protocol)/],
      ['store/sqlite/server/', /^store\/sqlite\/(client|maintenance)\//],
      ['store/sqlite/client/', /^store\/sqlite\/(server|driver|maintenance)/],
      ['store/sqlite/maintenance/', /^store\/sqlite\/(client|protocol|driver)/],
      ['message/', /^(?!message\/|bytes\/|store\/(deliveries|shapes)\.ts$)[a-z-]+\//],
    ] as const) {
      expect(under(folder), folder).to.have.length.above(5);
      importsNone(under(folder), others);
    }
  });

  it('loads in a worker nothing of the store process, and in the supervisor no engine', () => {
    const loadedBy = (path: string, found = new Set<string>()): ReadonlySet<string> => {
      if (found.has(path)) return found;
      found.add(path);
      for (const next of sources.find((source) => source.path === path)?.loads ?? []) loadedBy(next, found);
      return found;
    };
    const worker = [...loadedBy('cluster/worker/worker.ts')];
    expect(worker).to.include('store/sqlite/client/sqlite-store.ts');
    expect(worker.filter((path) => path.startsWith('store/sqlite/server/'))).to.deep.equal([]);
    const supervisor = [...loadedBy('cluster/supervisor/supervisor.ts')];
    expect(supervisor).to.include('store/sqlite/location.ts');
    expect(supervisor.filter((path) => /^store\/sqlite\/(driver|server\/|database\/driver)/.test(path))).to.deep.equal(
      [],
    );
  });

  it('keeps runtime/, bytes/ and ip/ to themselves', () => {
    importsNone(under('runtime/'), /^(?!node:|runtime\/)/);
    importsNone(under('bytes/'), /^(?!node:|bytes\/)/);
    importsNone(under('ip/'), /^(?!node:|ip\/)/);
    for (const folder of ['bytes/', 'ip/']) expect(under(folder), folder).to.have.length.above(1);
  });

  it('has one place each for SQLite, the cluster and the environment', () => {
    expect(importers(/^better-sqlite3/).filter((path) => !path.startsWith('store/sqlite/'))).to.be.empty;
    expect(importers(/^node:cluster/).filter((path) => !path.startsWith('cluster/'))).to.be.empty;
    expect(holders(/process\.env\b/).filter((path) => path !== 'config/load.ts')).to.be.empty;
    expect(importers(/^(better-sqlite3|node:cluster)/)).to.have.length.above(1);
    expect(sources.filter(({ loads }) => loads.includes('oauth4webapi'))).to.be.empty; // With its first use.
    expect(importers(/^oauth4webapi/)).to.have.length(1);
    expect(holders(/process\.env\b/)).to.have.length(1);
    expect(holders(/throwIfNoEntry/)).to.deep.equal(['runtime/stats.ts']);
  });

  it('starts no program but itself, and no shell at all', () => {
    const forkers = sources.filter(({ imports }) => imports.includes('node:child_process'));
    expect(forkers.map(({ path }) => path)).to.deep.equal(['cluster/supervisor/fork.ts']);
    for (const { text } of forkers)
      expect(text).to.include("import { fork, type ChildProcess } from 'node:child_process'");
    expect(importers(/^child_process/)).to.be.empty;
    expect(holders(/\bshell:|\bexecSync\b|\bspawn(Sync)?\b|process\.binding\b/)).to.be.empty;
  });

  it('puts no value into the text of SQL: everything is bound', () => {
    const SQL = /\b(select|insert|update|delete|replace|create|pragma)\b/i;
    const calls = /(?:\.prepare(?:<[^(]*>)?|\.pragma|[cC]onnection\.exec|\.#one|\.#run)\((?!\))\s*([^]{1,12})/g;
    for (const { path, text } of under('store/').filter((source) => source.path !== OPENS_DATABASES)) {
      const templates = [...text.matchAll(/`[^`]*`/g)].map(([found]) => found).filter((found) => SQL.test(found));
      expect(
        templates.filter((found) => found.includes('${')),
        path,
      ).to.be.empty;
      expect(/(['`])(select|insert|update|delete|pragma)\b[^'`]*\1\s*\+/i.test(text), path).to.equal(false);
      for (const [, argument = ''] of text.matchAll(calls)) expect(argument, path).to.match(/^(['"`]|sql\b)/);
    }
  });

  it('has one file whose SQL is made of pieces, all of them its own constants', () => {
    const found = sources.find(({ path }) => path === OPENS_DATABASES)?.text ?? '';
    const made = [...found.matchAll(/\.(?:exec|pragma|prepare)\(`([^`]*)`/g)].map(([, text = '']) => text);
    const pieces = made.flatMap((text) => [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, piece]) => piece));
    expect(new Set(pieces)).to.deep.equal(
      new Set(['BUSY_TIMEOUT_MS', 'WAL_KEEP_BYTES', 'pragma', 'value', 'version + missing.length']),
    );
    // `pragma` and `value` are arguments of `setPragma`, which is called with literals and constants alone.
    const held = [...found.matchAll(/^ {2,}setPragma\(connection, '[a-z_]+', ('[a-z]+'|\d+|[A-Z_]+)\);$/gm)];
    expect(held).to.have.length([...found.matchAll(/\bsetPragma\(/g)].length - 1);
  });

  it('has no cycles, types included', () => {
    const loads = new Map(
      sources.map((source) => [source.path, source.imports.filter((name) => name.endsWith('.ts'))]),
    );
    const cleared = new Set<string>();
    const visit = (path: string, above: readonly string[]): void => {
      expect(above.includes(path), [...above, path].join(' → ')).to.equal(false);
      if (!cleared.has(path)) for (const next of loads.get(path) ?? []) visit(next, [...above, path]);
      cleared.add(path);
    };
    for (const path of loads.keys()) visit(path, []);
  });

  it('has no barrels, no default exports, no imports for their effect and no changing state of a module', () => {
    const code = (text: string) =>
      text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '').replace(/^export [^;]*?from '[^']+';/gm, '');
    expect(
      sources
        .filter(
          ({ text }) =>
            code(text)
              .replace(/^import [^;]*;/gm, '')
              .trim() === '',
        )
        .map((s) => s.path),
    ).to.be.empty;
    expect(holders(/^export default/m)).to.be.empty;
    expect(holders(/^import '/m)).to.be.empty;
    expect(holders(/^(export )?let /m)).to.be.empty;
  });
});
