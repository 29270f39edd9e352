/** SMTP and LMTP: senders, recipients and their parameters, and how MAIL FROM and RCPT TO are written around them. */
import {
  address,
  anyCase,
  between,
  blanks,
  domain,
  kindsOf,
  letters,
  line,
  utf8,
  type Form,
  type Kind,
  type Rule,
  type ServiceName,
  type Step,
} from '../kind.js';
import type { Dice } from '../../fuzz/words.js';

const ATEXT_SIGNS = "!#$%&'*+/=?^_`{|}~-";
const digits = (dice: Dice): string => String(10_000_000 + dice.roll(90_000_000));

/** What stands between the brackets. */
const senders: Readonly<Record<string, Form>> = {
  plain: address,
  null: () => '',
  'signs in the local part': (dice) =>
    `a${ATEXT_SIGNS.charAt(dice.roll(ATEXT_SIGNS.length))}${letters(dice, 3)}@${domain(dice)}`,
  'VERP with its recipient in it': (dice) =>
    `bounces+${digits(dice)}-ab12-some.one.with.a.long.name=${letters(dice, between(dice, 3, 20))}.department.example.org@em1234.example`,
  'SRS of a forwarder': (dice) =>
    `SRS0=${letters(dice, 4)}=${letters(dice, 2)}=example.org=${letters(dice, between(dice, 3, 200))}@${domain(dice)}`,
  'BATV with a slash': (dice) => `prvs=${digits(dice)}=alice/${letters(dice, 3)}@${domain(dice)}`,
  'up to 64 octets of local part': (dice) => `${letters(dice, between(dice, 40, 64))}@${domain(dice)}`,
  'up to 128 octets of local part': (dice) => `${letters(dice, between(dice, 65, 128))}@${domain(dice)}`,
  'up to 230 octets of local part': (dice) => `${letters(dice, between(dice, 129, 230))}@${domain(dice)}`,
  'up to 500 octets of local part': (dice) => `${letters(dice, between(dice, 257, 500))}@${domain(dice)}`,
  'a long domain': (dice) =>
    `alice@${Array.from({ length: between(dice, 3, 20) }, () => letters(dice, 10)).join('.')}.example`,
  'a label of more than 63': (dice) => `alice@${letters(dice, between(dice, 64, 90))}.example`,
  'a hyphen at the beginning': (dice) => `-${letters(dice, 5)}@example.org`,
  'a dot before the @': (dice) => `${letters(dice, 5)}.@example.org`,
  'a dot at the beginning': (dice) => `.${letters(dice, 5)}@example.org`,
  'two dots': (dice) => `taro..${letters(dice, 4)}@docomo.example`,
  'underscores in the domain': (dice) => `root@web_${dice.roll(99)}.example.org`,
  'a dot at the end': (dice) => `cron${dice.roll(99)}@host.example.org.`,
  'two dots in the domain': (dice) => `a${dice.roll(99)}@example..org`,
  'a dot before the domain': (dice) => `a${dice.roll(99)}@.example.org`,
  'hyphens outside in the domain': (dice) => `a${dice.roll(99)}@-example-.org`,
  'an empty quoted string': (dice) => `""@${domain(dice)}`,
  'a quoted string': (dice) => `"${letters(dice, 3)} ${letters(dice, 3)}"@${domain(dice)}`,
  'a quoted string with an @': (dice) => `"${letters(dice, 3)}@${letters(dice, 3)}"@${domain(dice)}`,
  'a quoted string with a backslash': (dice) => `"${letters(dice, 3)}\\"${letters(dice, 3)}"@${domain(dice)}`,
  'half a quoted string': (dice) => `"${letters(dice, 3)}@${domain(dice)}`,
  'quoted in part': (dice) => `"${letters(dice, 3)}".x@${domain(dice)}`,
  'a blank in the local part': (dice) => `${letters(dice, 3)} ${letters(dice, 3)}@${domain(dice)}`,
  'no @': (dice) => letters(dice, 6),
  'no domain': (dice) => `${letters(dice, 6)}@`,
  'no local part': (dice) => `@${domain(dice)}`,
  'two @': (dice) => `${letters(dice, 3)}@${letters(dice, 3)}@${domain(dice)}`,
  'a literal': (dice) => `root@[192.0.2.${dice.roll(256)}]`,
  'a literal of IPv6': (dice) => `root@[IPv6:2001:db8::${dice.roll(100)}]`,
  'a literal that is none': (dice) => `root@[${300 + dice.roll(99)}.1]`,
  'an address for a domain': (dice) => `root@192.0.2.${dice.roll(256)}`,
  'one label for a domain': (dice) => `root@${letters(dice, 6)}`,
  'a source route': (dice) => `@relay.example,@${domain(dice)}:alice@example.org`,
  'a bang path': (dice) => `${letters(dice, 4)}!${letters(dice, 4)}@${domain(dice)}`,
  'a percent': (dice) => `alice%${letters(dice, 4)}.example@${domain(dice)}`,
  'UTF-8': (dice) => utf8(`jürgen${dice.roll(99)}@${domain(dice)}`),
  'UTF-8 in the domain': (dice) => utf8(`a${dice.roll(99)}@bücher.example`),
  'Latin-1': (dice) => `j\xfcrgen${dice.roll(99)}@${domain(dice)}`,
  punycode: (dice) => `a${dice.roll(99)}@xn--bcher-kva.example`,
  'a control character': (dice) => `a${dice.pick(['\x01', '\x07', '\x1b', '\x7f'])}${dice.roll(99)}@${domain(dice)}`,
  'signs that end a word': (dice) =>
    `a${dice.pick(['(', ')', ',', ';', ':', '[', ']', '\\', '<'])}${dice.roll(99)}@${domain(dice)}`,
};

const local = (mailbox: string): string => mailbox.split('@')[0] as string;

/** What stands between the brackets of RCPT; `localhost` is the domain of the accounts. */
const recipients: Readonly<Record<string, Form>> = {
  'a mailbox': (_, mailbox) => mailbox,
  'a mailbox in any case': (dice, mailbox) => anyCase(dice, mailbox),
  'a mailbox with a detail': (dice, mailbox) => `${local(mailbox)}+${letters(dice, between(dice, 1, 20))}@localhost`,
  'a mailbox with a long detail': (dice, mailbox) =>
    `${local(mailbox)}+confirm-${letters(dice, between(dice, 64, 150))}@localhost`,
  'a dot at the end': (_, mailbox) => `${mailbox}.`,
  'a mailbox in quotes': (_, mailbox) => `"${local(mailbox)}"@localhost`,
  'nobody in quotes': (dice) => `"${letters(dice, 4)} ${letters(dice, 3)}"@localhost`,
  postmaster: (dice) => anyCase(dice, 'postmaster@localhost'),
  'postmaster alone': (dice) => anyCase(dice, 'postmaster'),
  nobody: (dice) => `${letters(dice, between(dice, 4, 20))}@localhost`,
  'nobody of a long name': (dice) => `${letters(dice, between(dice, 65, 200))}@localhost`,
  'nobody with two dots': (dice) => `a..${letters(dice, 4)}@localhost`,
  'nobody with a dot before the @': (dice) => `${letters(dice, 4)}.@localhost`,
  elsewhere: address,
  'elsewhere with underscores': (dice) => `root@web_${dice.roll(99)}.example.org`,
  'a source route': (_, mailbox) => `@relay.example:${mailbox}`,
  'a percent': (dice) => `alice%${letters(dice, 4)}.example@localhost`,
  'a bang path': (dice) => `${letters(dice, 4)}.example!alice@localhost`,
  'two @': (dice) => `alice@${letters(dice, 4)}.example@localhost`,
  'no @': (dice) => letters(dice, 6),
  'no domain': (_, mailbox) => `${local(mailbox)}@`,
  'no local part': () => '@localhost',
  empty: () => '',
  'an address of this machine': (_, mailbox) => `${local(mailbox)}@[127.0.0.1]`,
  'another literal': (dice) => `root@[192.0.2.${dice.roll(256)}]`,
  'UTF-8': (dice) => utf8(`jürgen${dice.roll(99)}@localhost`),
  'Latin-1': (dice) => `j\xfcrgen${dice.roll(99)}@localhost`,
  'a blank in it': (dice) => `${letters(dice, 3)} ${letters(dice, 3)}@localhost`,
  'signs that end a word': (dice) => `a${dice.pick(['(', ')', ',', ';', ':', '[', ']', '\\', '<'])}@localhost`,
};

/** The whole argument of MAIL or RCPT; `head` is FROM or TO. */
function spellings(head: 'FROM' | 'TO'): Readonly<Record<string, Form>> {
  const path = head === 'FROM' ? (dice: Dice) => address(dice) : (_: Dice, mailbox: string) => mailbox;
  const spell =
    (write: (path: string, dice: Dice) => string): Form =>
    (dice, mailbox) =>
      write(path(dice, mailbox), dice);
  return {
    'any case': spell((path, dice) => ` ${anyCase(dice, head)}:<${path}>`),
    'blanks behind the colon': spell((path, dice) => ` ${head}:${blanks(dice)}<${path}>`),
    'blanks before the colon': spell((path, dice) => ` ${head}${blanks(dice)}:<${path}>`),
    'blanks behind the verb': spell((path, dice) => `${blanks(dice, 2)}${head}:<${path}>`),
    'a tab behind the verb': spell((path) => `\t${head}:<${path}>`),
    'a tab behind the colon': spell((path) => ` ${head}:\t<${path}>`),
    'blanks inside the brackets': spell((path, dice) => ` ${head}:<${blanks(dice)}${path}${blanks(dice, 0)}>`),
    'a tab inside the brackets': spell((path) => ` ${head}:<${path}\t>`),
    'blanks behind it': spell((path, dice) => ` ${head}:<${path}>${blanks(dice)}`),
    'a tab behind it': spell((path) => ` ${head}:<${path}>\t`),
    'no brackets': spell((path) => ` ${head}:${path}`),
    'no brackets and a blank': spell((path, dice) => ` ${head}:${blanks(dice)}${path}`),
    'no bracket at the end': spell((path) => ` ${head}:<${path}`),
    'no bracket at the beginning': spell((path) => ` ${head}:${path}>`),
    'two pairs of brackets': spell((path) => ` ${head}:<<${path}>>`),
    'no colon': spell((path) => ` ${head} <${path}>`),
    'no blank before FROM or TO': spell((path) => `${head}:<${path}>`),
    'the path alone': spell((path) => ` <${path}>`),
    'nothing behind the colon': spell(() => ` ${head}:`),
    'nothing at all': spell(() => ''),
    'a name before it': spell((path, dice) => ` ${head}:${letters(dice, 4)} <${path}>`),
    'a name in quotes before it': spell((path, dice) => ` ${head}:"${letters(dice, 4)}" <${path}>`),
    'a remark behind it': spell((path, dice) => ` ${head}:<${path}> (${letters(dice, 4)})`),
    'a remark inside': spell((path, dice) => ` ${head}:<${path}(${letters(dice, 4)})>`),
    'something stuck to it': spell((path, dice) => ` ${head}:<${path}>${letters(dice, 3)}`),
    'the other of FROM and TO': spell((path) => ` ${head === 'TO' ? 'FROM' : 'TO'}:<${path}>`),
    'quotes around it': spell((path) => ` ${head}:"<${path}>"`),
    'quotes around the address': spell((path) => ` ${head}:<"${path}">`),
    'a separator inside': spell((path, dice) => ` ${head}:<${path}${dice.pick([',', ';'])}>`),
    'a separator behind it': spell((path, dice) => ` ${head}:<${path}>${dice.pick([',', ';'])}`),
    'two paths': spell((path, dice) => ` ${head}:<${path}>${dice.pick([',', ', ', ' '])}<${path}>`),
  };
}

const mailParameters: Readonly<Record<string, Form>> = {
  SIZE: (dice) => ` ${anyCase(dice, 'SIZE')}=${dice.roll(1_000_000)}`,
  'SIZE of nothing': () => ' SIZE=0',
  'SIZE beyond what is taken': (dice) => ` SIZE=${60_000_000 + dice.roll(1e9)}`,
  'SIZE of many digits': (dice) => ` SIZE=${'9'.repeat(between(dice, 11, 30))}`,
  'SIZE with zeros before it': (dice) => ` SIZE=000${dice.roll(1000)}`,
  'SIZE that is no number': (dice) => ` SIZE=${dice.pick(['x', '-1', '+1', '1k', '1.5', '0x10', '1,000'])}`,
  'SIZE without a value': (dice) => dice.pick([' SIZE', ' SIZE=']),
  BODY: (dice) => ` ${anyCase(dice, `BODY=${dice.pick(['7BIT', '8BITMIME'])}`)}`,
  'BODY of another kind': (dice) => ` BODY=${dice.pick(['BINARYMIME', '8BIT', 'MIME', 'x'])}`,
  'BODY without a value': (dice) => dice.pick([' BODY', ' BODY=']),
  SMTPUTF8: (dice) => ` ${anyCase(dice, 'SMTPUTF8')}`,
  'SMTPUTF8 with a value': () => ' SMTPUTF8=1',
  'several together': (dice) =>
    dice.pick([' SIZE=100 BODY=8BITMIME', ' BODY=8BITMIME SIZE=5', ' BODY=7BIT SMTPUTF8 SIZE=9']),
  'blanks between them': (dice) => `${blanks(dice, 2)}SIZE=100${blanks(dice, 2)}BODY=8BITMIME`,
  'a tab between them': (dice) => `${dice.pick(['\t', ' \t'])}SIZE=100`,
  'a blank before the =': (dice) => ` SIZE =${dice.roll(100)}`,
  'a blank behind the =': (dice) => ` SIZE= ${dice.roll(100)}`,
  'no blank before it': (dice) => `SIZE=${dice.roll(100)}`,
  'SIZE twice': (dice) => ` SIZE=${dice.roll(100)} SIZE=${dice.roll(100)}`,
  'BODY twice': () => ' BODY=7BIT BODY=8BITMIME',
  'SMTPUTF8 twice': () => ' SMTPUTF8 SMTPUTF8',
  'an unknown keyword': (dice) =>
    ` ${dice.pick(['FOO', 'X-Y', 'HOLDFOR', 'MT-PRIORITY', 'BY', 'TRANSID', 'CONPERM'])}=${dice.roll(9)}`,
  'an unknown keyword without a value': (dice) => ` ${dice.pick(['FOO', 'REQUIRETLS', 'X'])}`,
  'a keyword that is none': (dice) => ` ${dice.pick(['=', '=1', '-', 'a_b=1', 'A..B', '<x>', '"x"'])}`,
  'AUTH where nobody logs in': (dice) => ` AUTH=${dice.pick(['<>', address(dice)])}`,
  'RET or ENVID of DSN': (dice) => ` ${dice.pick(['RET=FULL', 'RET=HDRS', `ENVID=${letters(dice, 6)}`])}`,
  'RET of DSN that is none': (dice) => ` ${dice.pick(['RET=x', 'RET', 'ENVID', 'RET=FULL RET=HDRS'])}`,
};

const rcptParameters: Readonly<Record<string, Form>> = {
  'NOTIFY or ORCPT of DSN': (dice, mailbox) =>
    ` ${dice.pick(['NOTIFY=NEVER', 'NOTIFY=SUCCESS,FAILURE', `ORCPT=rfc822;${mailbox}`])}`,
  'NOTIFY of DSN that is none': (dice) => ` ${dice.pick(['NOTIFY=x', 'NOTIFY', 'ORCPT=x', 'NOTIFY=NEVER,FAILURE'])}`,
  'an unknown keyword': (dice) => ` ${dice.pick(['FOO=1', 'X', 'SIZE=10', 'RRVS=2014-04-03T23:01:00Z'])}`,
  'blanks behind it': (dice) => blanks(dice),
};

const SENDER = 'MAIL FROM:<sender@example.org>';
const hello = (service: ServiceName): string => (service === 'lmtp' ? 'LHLO front.example' : 'EHLO client.example');
const mail = (said: string, _: Dice, mailbox: string): readonly Step[] => [
  line(`MAIL${said}`),
  line(`RCPT TO:<${mailbox}>`),
];
const rcpt = (said: string): readonly Step[] => [line(`RCPT${said}`)];

/** Who speaks LMTP is a server: it writes lines well, and names whom its own clients named. */
function addressRules(service: 'smtp' | 'lmtp'): readonly Rule[] {
  return [
    {
      name: `${service} sender`,
      service,
      prelude: () => [hello(service)],
      forms: senders,
      steps: (said, dice, mailbox) => mail(` FROM:<${said}>`, dice, mailbox),
    },
    {
      name: `${service} recipient`,
      service,
      prelude: () => [hello(service), SENDER],
      forms: recipients,
      steps: (said) => rcpt(` TO:<${said}>`),
    },
  ];
}

const lineRules: readonly Rule[] = [
  { name: 'smtp MAIL', service: 'smtp', prelude: () => [hello('smtp')], forms: spellings('FROM'), steps: mail },
  { name: 'smtp RCPT', service: 'smtp', prelude: () => [hello('smtp'), SENDER], forms: spellings('TO'), steps: rcpt },
  {
    name: 'smtp MAIL parameter',
    service: 'smtp',
    prelude: () => [hello('smtp')],
    forms: mailParameters,
    steps: (said, dice, mailbox) => mail(` FROM:<sender@example.org>${said}`, dice, mailbox),
  },
  {
    name: 'smtp RCPT parameter',
    service: 'smtp',
    prelude: () => [hello('smtp'), SENDER],
    forms: rcptParameters,
    steps: (said, _, mailbox) => rcpt(` TO:<${mailbox}>${said}`),
  },
];

export const smtpAddresses: readonly Kind[] = [...addressRules('smtp'), ...lineRules].flatMap(kindsOf);
export const lmtpAddresses: readonly Kind[] = addressRules('lmtp').flatMap(kindsOf);
