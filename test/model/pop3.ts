/**
 * A small model of RFC 1939 with CAPA (RFC 2449), UTF8 (RFC 6856) and those AUTH commands (RFC 5034) that one line settles: what sessions on one server answer, and what is
 * in the maildrops afterwards. Several sessions at once, one command at a time; knows no bytes in pieces and no store.
 * A message is removed at one place only: QUIT in a session that is logged in.
 */

/** What one command is answered with. */
export interface Expected {
  readonly ok: boolean;
  /** How the text behind the status begins, when the RFC says anything of it. */
  readonly says?: string;
  /** Of a multi-line reply, dots undone; `some` when they must be among others. */
  readonly lines?: readonly string[];
  readonly some?: true;
  readonly closes?: boolean;
  /** A refusal that is no mistake of the client: it does not count. */
  readonly forgiven?: true;
}

/** As RETR shows it; ends with CRLF. */
export interface Message {
  readonly uidl: string;
  readonly text: string;
}

/** What a session that misbehaves can count on. */
export interface Manners {
  /** More refusals than this: a last -ERR, then the connection closes. */
  readonly errorLimit: number;
  readonly lineLimitBytes: number;
  /** A verb of HTTP, or a first line that is no command and no text, closes the connection at once. */
  readonly closesOnForeign: boolean;
}

const CAPABILITIES = ['TOP', 'UIDL', 'USER', 'PIPELINING', 'RESP-CODES', 'UTF8 USER'];
const HTTP = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE)$/;

const ok = (says = ''): Expected => ({ ok: true, says });
const err = (says = ''): Expected => ({ ok: false, says });
const list = (lines: readonly string[], says = ''): Expected => ({ ok: true, says, lines });

/** What all sessions share. Passwords and maildrops by name, in lower case. */
export class Office {
  readonly manners: Manners;
  readonly passwords: ReadonlyMap<string, string>;
  readonly maildrops: Map<string, readonly Message[]>;
  readonly held = new Set<string>();

  constructor(
    manners: Manners,
    passwords: ReadonlyMap<string, string>,
    maildrops: ReadonlyMap<string, readonly Message[]>,
  ) {
    this.manners = manners;
    this.passwords = passwords;
    this.maildrops = new Map(maildrops);
  }
}

/** From a greeting to a QUIT or a drop. */
export class Visit {
  readonly #office: Office;
  #user: string | undefined;
  /** The maildrop of the TRANSACTION state, its messages as they were at login, and the numbers marked. */
  #holds: { readonly name: string; readonly messages: readonly Message[]; readonly marked: Set<number> } | undefined;
  #lines = 0;
  #errors = 0;
  closed = false;

  constructor(office: Office) {
    this.#office = office;
  }

  /** What is answered to a line without its CRLF; with more errors than are suffered, twice. */
  say(line: string): readonly Expected[] {
    const { manners } = this.#office;
    this.#lines += 1;
    const answer = this.#answer(line);
    if (answer.closes === true) this.drop();
    if (answer.ok || answer.forgiven === true || this.closed || ++this.#errors <= manners.errorLimit) return [answer];
    this.drop();
    return [answer, err()];
  }

  /** The connection is gone: nothing is removed, and the maildrop is free. */
  drop(): void {
    if (this.#holds !== undefined) this.#office.held.delete(this.#holds.name);
    this.#holds = undefined;
    this.closed = true;
  }

  #answer(line: string): Expected {
    const { lineLimitBytes, closesOnForeign } = this.#office.manners;
    const [, verb = '', given = ''] = /^[ \t]*([^ \t]*)[ \t]?([^]*)$/.exec(line) ?? [];
    const command = verb.toUpperCase();
    const argument = command === 'PASS' ? given : given.replace(/^[ \t]+|[ \t]+$/g, '');
    if (this.#lines === 1 && verb.includes('\0')) return { ok: false, closes: closesOnForeign };
    if (line.length > lineLimitBytes || /[\0\r\n]/.test(line)) return err();
    const anywhere = this.#anywhere(command, argument);
    if (anywhere !== undefined) return anywhere;
    if (/^(USER|PASS|AUTH|UTF8)$/.test(command))
      return this.#holds === undefined ? this.#authorize(command, argument) : err();
    if (/^(STAT|LIST|UIDL|RETR|TOP|DELE|RSET|NOOP)$/.test(command))
      return this.#holds === undefined ? err() : this.#transact(command, argument);
    return { ok: false, closes: HTTP.test(command) && closesOnForeign };
  }

  #anywhere(command: string, argument: string): Expected | undefined {
    if (command === 'HELP') return /^(dele)?$/i.test(argument) ? { ok: true, lines: [], some: true } : err();
    if (command !== 'CAPA' && command !== 'QUIT') return undefined;
    if (argument !== '') return err();
    return command === 'CAPA' ? { ok: true, lines: CAPABILITIES, some: true } : this.#quit();
  }

  /** The AUTHORIZATION state (§4, §7). */
  #authorize(command: string, argument: string): Expected {
    if (command === 'UTF8') return argument === '' ? ok() : err();
    if (command === 'AUTH') return argument === '' ? { ok: true, lines: ['PLAIN'], some: true } : err();
    if (argument === '') return err();
    if (command === 'USER') {
      this.#user = argument.toLowerCase();
      return ok();
    }
    const name = this.#user;
    this.#user = undefined;
    if (name === undefined) return err();
    if (this.#office.passwords.get(name) !== argument) return err('[AUTH]');
    if (this.#office.held.has(name)) return { ...err('[IN-USE]'), forgiven: true };
    this.#office.held.add(name);
    this.#holds = { name, messages: this.#office.maildrops.get(name) ?? [], marked: new Set() };
    return ok();
  }

  /** The TRANSACTION state (§5, §7). */
  #transact(command: string, argument: string): Expected {
    const { messages, marked } = this.#maildrop;
    const left = messages.flatMap((message, at) => (marked.has(at + 1) ? [] : [{ number: at + 1, message }]));
    const [first = '', second = '', ...more] = argument.split(/[ \t]+/);
    const found = /^\d{1,10}$/.test(first) ? left.find(({ number }) => number === Number(first)) : undefined;
    const one = found !== undefined && second === '' && more.length === 0 ? found : undefined;
    const show = ({ uidl, text }: Message) => (command === 'UIDL' ? uidl : String(text.length));
    switch (command) {
      case 'LIST':
      case 'UIDL':
        if (argument === '') return list(left.map(({ number, message }) => `${number} ${show(message)}`));
        return one === undefined ? err() : ok(`${one.number} ${show(one.message)}`);
      case 'RETR':
        return one === undefined ? err() : list(linesOf(one.message.text));
      case 'TOP':
        return found === undefined || more.length > 0 || !/^\d{1,10}$/.test(second)
          ? err()
          : list(top(found.message.text, Number(second)));
      case 'DELE':
        if (one !== undefined) marked.add(one.number);
        return one === undefined ? err() : ok();
    }
    if (command === 'RSET') marked.clear();
    const octets = left.reduce((sum, { message }) => sum + message.text.length, 0);
    return command === 'STAT' ? ok(`${left.length} ${octets}`) : ok();
  }

  /** The UPDATE state (§6). */
  #quit(): Expected {
    if (this.#holds !== undefined) {
      const { name, messages, marked } = this.#holds;
      this.#office.maildrops.set(
        name,
        messages.filter((_, at) => !marked.has(at + 1)),
      );
    }
    this.drop();
    return { ok: true, closes: true };
  }

  get #maildrop() {
    if (this.#holds === undefined) throw new Error('nobody is logged in');
    return this.#holds;
  }
}

function linesOf(text: string): readonly string[] {
  return text.split('\r\n').slice(0, -1);
}

/** The header, the empty line, and so many lines of the text. */
function top(text: string, count: number): readonly string[] {
  const lines = linesOf(text);
  const empty = lines.indexOf('');
  return empty === -1 ? lines : lines.slice(0, empty + 1 + count);
}
