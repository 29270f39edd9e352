/**
 * Where a client is answered otherwise than by Postfix or Dovecot, and why. The one place: docs/protocols.md shows it, and
 * `npm run compare` takes what it finds here for known, and everything else for a fault.
 */
export interface Difference {
  /** Kinds of `npm run compare -- --list`; a `*` stands for any text. */
  readonly kinds: readonly string[];
  /** The classes of the answers: 2xx, 3xx, 4xx, 5xx, +OK, -ERR, + for a challenge, closed, silence. */
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
  /** For the page. */
  readonly what: string;
  readonly answers: string;
  readonly why: string;
}

/** The most that may stand there: more would be another dialect. */
export const DIFFERENCES_LIMIT = 20;

const taken = ['2xx', '3xx', '+OK', '+'];
const refused = ['5xx', '-ERR'];

export const differences: readonly Difference[] = [
  {
    kinds: ['smtp before EHLO: MAIL', 'submission before EHLO: AUTH'],
    ours: refused,
    theirs: taken,
    what: 'MAIL or AUTH before EHLO or HELO',
    answers: '503; Postfix takes it',
    why: 'RFC 5321 §4.1.4: a session with mail begins with EHLO or HELO. Mail programs do; programs that send spam leave it out.',
  },
  {
    kinds: [
      ...['smtp * line: a number', 'smtp * line: UTF8', 'smtp * line: a header field', 'smtp * line: a method of HTTP'],
      ...['smtp * line: what telnet sends', 'smtp name: a colon behind the verb', 'smtp charset: * for a verb'],
      ...[
        'smtp charset: a byte order mark',
        'smtp MAIL: no blank before FROM or TO',
        'smtp RCPT: no blank before FROM or TO',
      ],
    ],
    ours: refused,
    theirs: taken,
    what: 'A line that begins with no letter, looks like a header field or is HTTP',
    answers: '500, and the end only after another protocol; Postfix says 221 and closes',
    why: 'RFC 5321 §3.8: a command that is not known is answered with 500. Nobody is closed for a typing mistake.',
  },
  {
    kinds: ['pop3 * line: a method of HTTP', 'pop3 first line: a control character', 'pop3 first line: a NUL'],
    ours: ['closed'],
    theirs: taken,
    what: 'In POP3, a method of HTTP, or a first line that is binary',
    answers: '`-ERR`, and the end; Dovecot goes on',
    why: 'A hostile page can make a browser send lines of its choice to any port.',
  },
  {
    kinds: ['smtp sender: UTF-8*', 'lmtp sender: UTF-8*'],
    ours: refused,
    theirs: taken,
    what: 'UTF-8 in a sender without SMTPUTF8',
    answers: '553; Postfix and Dovecot take it',
    why: 'RFC 6531 §3.4 asks for the parameter: without it nobody knows who may be given the address.',
  },
  {
    kinds: ['* sender: a control character', 'smtp name: a control character', 'smtp charset: a control character *'],
    ours: refused,
    theirs: taken,
    what: 'Control characters in a name, in an address or behind a verb',
    answers: '500 or 501; Postfix takes them',
    why: 'What stands in logs, in trace headers and on terminals must not move a cursor.',
  },
  {
    kinds: ['smtp name: Latin-1', 'smtp charset: Latin-1 in *'],
    ours: taken,
    theirs: refused,
    what: 'Latin-1 in EHLO, NOOP and VRFY',
    answers: '250; Postfix says 500',
    why: 'An old device with an umlaut in its name can deliver; nothing of it is believed.',
  },
  {
    kinds: ['smtp argument*: VRFY of*', 'smtp length: VRFY*', 'smtp charset: * in VRFY'],
    ours: taken,
    theirs: refused,
    what: 'VRFY of who has no mailbox here, or of what is no address',
    answers: '252; Postfix says 550 or 554',
    why: 'RFC 5321 §7.3: VRFY tells nobody who has a mailbox here.',
  },
  {
    kinds: ['smtp argument*: HELP', 'smtp * line: ETRN'],
    ours: ['2xx', '5xx'],
    theirs: ['5xx', '4xx'],
    what: 'HELP and ETRN',
    answers: '214 and 500; Postfix says 500 and 459',
    why: 'HELP is for a person at telnet (RFC 5321 §4.1.1.8). ETRN asks for a queue that is not here.',
  },
  {
    kinds: ['smtp MAIL parameter: RET or ENVID of DSN', 'smtp RCPT parameter: NOTIFY or ORCPT of DSN'],
    ours: refused,
    theirs: taken,
    what: 'The parameters of DSN (RFC 3461): RET, ENVID, NOTIFY, ORCPT',
    answers: '555; Postfix takes them',
    why: 'Other servers may name anybody as the sender, who would get reports that nobody asked for; so EHLO offers them no DSN, and they report themselves.',
  },
  {
    kinds: [
      ...['smtp length: * more than *', 'smtp name: up to 500 octets', 'smtp name: up to 2000 octets'],
      ...['pop3 * line: up to 4000 octets', 'pop3 * line: more than 8192 octets'],
    ],
    ours: [...refused, '+OK'],
    theirs: [...taken, 'closed'],
    what: 'A line of more than 2048 octets, or 4096 in POP3; a name of more than 255 in EHLO',
    answers: '500, 501 or `-ERR`, and the session goes on; Postfix takes what stands before its limit, Dovecot closes',
    why: 'RFC 5321 §4.5.3.1 asks for 512 and 255. Half a line is not what the client said; the whole is read and dropped.',
  },
  {
    kinds: ['smtp line end: *', 'pop3 line end: *', '* NUL*'],
    ours: refused,
    theirs: taken,
    what: 'A bare CR or LF, CR CR LF or a NUL in a command line',
    answers: '500 or `-ERR`, at once; Postfix and Dovecot end the line there, or pass over the rest',
    why: 'Where two servers see different ends of a line, one command is smuggled in another ([decision 3](decisions/0003-strict-crlf.md)).',
  },
  {
    kinds: ['* message: *LF*', '* message: a line with a CR', 'smtp BDAT: a bare LF'],
    ours: [...refused, 'silence'],
    theirs: taken,
    what: 'A CR or LF in a message that is not part of a CRLF; a message whose lines end with LF, also the last',
    answers: '550 at the true end of the message, which is CRLF, dot, CRLF alone; Postfix and Dovecot take it',
    why: 'The same for messages: SMTP smuggling. `--bare-newlines normalize` makes CRLF of the first.',
  },
  {
    kinds: ['smtp message: 51 to 99 Received', 'lmtp message: more than 100 Received'],
    ours: ['2xx', '5xx'],
    theirs: ['5xx', '2xx'],
    what: 'A message that has passed more than 50 servers; in LMTP, more than 100',
    answers: '554 above 100; Postfix says so above 50, Dovecot never',
    why: 'RFC 5321 §6.3 asks for at least 100, and a loop is one whichever server closes it.',
  },
  {
    kinds: [
      ...[
        'lmtp sender: a label of more than 63',
        'lmtp sender: hyphens outside in the domain',
        'lmtp sender: no domain',
      ],
      ...[
        'lmtp sender: a dot before the domain',
        'lmtp sender: two dots in the domain',
        'lmtp sender: a literal that is none',
      ],
      ...['lmtp sender: signs that end a word', 'lmtp sender: no local part', 'lmtp sender: two @'],
    ],
    ours: refused,
    theirs: taken,
    what: 'In LMTP, a sender that is no address or whose domain is none, such as `a@-x-.example`',
    answers: '501; Dovecot takes it',
    why: 'No server in front can have taken it: Postfix refuses the same senders.',
  },
  {
    kinds: [
      ...['smtp sender: an address for a domain', 'smtp sender: a hyphen at the beginning'],
      ...['lmtp recipient: an address of this machine', 'lmtp recipient: a dot at the end'],
    ],
    ours: taken,
    theirs: refused,
    what: 'The senders `root@192.0.2.1` and `-a@example.org`; in LMTP, a recipient at the address of this server, or with a dot at the end',
    answers: '250; Postfix refuses the senders, Dovecot the recipients',
    why: 'Badly set devices send the first, and the second is an address like others (RFC 5321 §4.1.2); RFC 5321 §4.1.3 asks for the third; the dot is DNS for the same domain.',
  },
  {
    kinds: [
      ...['smtp MAIL: a remark inside', 'smtp MAIL: no bracket at the beginning'],
      ...['smtp RCPT: a remark inside', 'smtp RCPT: no bracket at the beginning', 'smtp sender: signs that end a word'],
    ],
    ours: refused,
    theirs: taken,
    what: 'A path that has a closing bracket alone, a remark, or half of one, such as `a)b@example.org`',
    answers: '501; Postfix takes what it makes of it',
    why: 'A path that is repaired may be another than was meant. No mail program writes it.',
  },
  {
    kinds: ['pop3 before the login: *'],
    ours: refused,
    theirs: ['closed'],
    what: 'More than three wrong commands of POP3 before the login',
    answers: '`-ERR`, up to 20 times; Dovecot closes',
    why: 'A person at telnet may look for the right one.',
  },
  {
    kinds: ['pop3 spelling: *', 'pop3 USER: with *', 'pop3 USER: quoted in part', 'pop3 AUTH: PLAIN with blanks *'],
    ours: taken,
    theirs: refused,
    what: 'Blanks and tabs before a command of POP3, between its words and behind them; a login name with quotes',
    answers: '`+OK`; Dovecot takes some of them',
    why: 'As in SMTP; blanks around a login name come from a clipboard, and `"a"@b` is the address `a@b`.',
  },
  {
    kinds: ['pop3 USER: missing', 'pop3 USER: of blanks', '* LOGIN with a blank behind the name'],
    ours: ['-ERR', '+', '3xx'],
    theirs: ['+OK', '-ERR', '5xx'],
    what: 'USER without a name; a blank behind the name in AUTH LOGIN',
    answers: '`-ERR` to the first, and the second is a login; Dovecot says `+OK` and refuses',
    why: 'Nobody has an empty name; the blank is the same as above.',
  },
  {
    kinds: ['pop3 argument: CAPA', 'pop3 argument: QUIT'],
    ours: refused,
    theirs: taken,
    what: 'CAPA and QUIT of POP3 with something behind them',
    answers: '`-ERR`; Dovecot takes them',
    why: 'QUIT removes mail: it must be exactly that.',
  },
];
