/** Attacks on what goes to other domains: by somebody who has logged in, and by strangers through aliases that lead there. */
import { flood, type Attack } from './attack.js';
import { each, over, plural } from './lines.js';
import { dots } from './messages.js';
import { enter, enterSubmission, makeAccounts, makeList, members } from './session.js';

const ELSEWHERE = 'elsewhere.example';
const PATHS = 1000;
const MEMBERS = 1000;
const CRLF = '\r\n';
const TEXT = `Subject: out${CRLF}${CRLF}text`;
/** The relay reports nothing by itself: the sender writes what is reported of each. */
const DSN = ` NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;${'a.long.name.'.repeat(20)}@elsewhere.example`;
const HELD = ' HOLDFOR=3600';
const SUPPRESSED = `gone@${ELSEWHERE}`;
const GREETED = ['EHLO attacker.example'];
const FROM_STRANGER = 'MAIL FROM:<stranger@example.net>';

export const outgoing: readonly Attack[] = [
  ...each([1, 8], (sessions) =>
    submitted('submit-paths', '1,000 recipients elsewhere, and RSET', sessions, [...toMany(), 'RSET']),
  ),
  ...each([1, 8], (sessions) =>
    submitted('submit-many', 'a message to 1,000 recipients elsewhere', sessions, [...toMany(), ...message()]),
  ),
  ...each([1, 8], (sessions) =>
    submitted('submit-notify', 'the same with reports of each asked for', sessions, [...toMany(DSN), ...message()]),
  ),
  ...each([1, 8, 50], (sessions) =>
    submitted('submit-hold', 'a message that is held for an hour', sessions, [...toMany('', 1, HELD), ...message()]),
  ),
  ...each([1, 8], (sessions) =>
    submitted('submit-large', 'a message of 50 MB', sessions, [
      ...toMany('', 1),
      ...message(dots().toString('latin1').trimEnd()),
    ]),
  ),
  ...each([8, 50], (sessions) => {
    const lines = ['MAIL FROM:<>', `RCPT TO:<${SUPPRESSED}>`, 'RSET'];
    return submitted('submit-suppressed', 'MAIL, and RCPT to who is suppressed', sessions, lines);
  }),
  ...each([1, 8], (sessions) => {
    const paths = Array.from({ length: PATHS }, (_, detail) => `RCPT TO:<list+${detail}@localhost>`);
    const title = 'RCPT of list+N, an alias of 1,000 elsewhere, 1,000 times a transaction';
    return forwarded('outside-paths', title, sessions, [FROM_STRANGER, ...paths, 'RSET']);
  }),
  ...each([1, 8], (sessions) => {
    const lines = [FROM_STRANGER, 'RCPT TO:<list@localhost>', ...message()];
    return forwarded('outside-many', 'a message to an alias of 1,000 elsewhere', sessions, lines);
  }),
];

/** Each session has an account of its own, and no account a limit. */
function submitted(name: string, title: string, sessions: number, lines: readonly string[]): Attack {
  return {
    name: `${name}-${sessions}`,
    title: `${title}, submitted over and over, ${plural(sessions)}`,
    sessions,
    outbound: true,
    prepare: async (server) => {
      await makeAccounts(server, sessions);
      await server.do('suppression', 'add', SUPPRESSED);
    },
    attack: async (server, number, signal) => flood(await enterSubmission(server, number), over(lines), signal),
  };
}

/** By strangers. */
function forwarded(name: string, title: string, sessions: number, lines: readonly string[]): Attack {
  return {
    name: `${name}-${sessions}`,
    title: `${title}, ${plural(sessions)}`,
    sessions,
    outbound: true,
    prepare: (server) => makeList(server, 'list', members(MEMBERS, ELSEWHERE)),
    attack: async (server, _, signal) => flood(await enter(server.smtpPort, GREETED), over(lines), signal),
  };
}

/** A transaction's beginning. */
function toMany(rcpt = '', count = PATHS, mail = ''): readonly string[] {
  const paths = Array.from({ length: count }, (_, at) => `RCPT TO:<recipient${at}@${ELSEWHERE}>${rcpt}`);
  return [`MAIL FROM:<>${mail}`, ...paths];
}

/** Its end; all of it may be pipelined. The CRLF that ends a line is the message's last. */
function message(text = TEXT): readonly string[] {
  return [`BDAT ${text.length + CRLF.length} LAST${CRLF}${text}`];
}
