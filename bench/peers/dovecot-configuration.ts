/** The private dovecot.conf. Nothing of the machine's own Dovecot is read or touched. */
import { MAIL_UID } from './postfix-configuration.js';

export interface DovecotOptions {
  readonly home: string;
  readonly pop3Port: number;
  readonly lmtpPort: number;
  readonly tuned: boolean;
  /** LMTP takes mail only for who is in the passwd-file. */
  readonly knowsUsers?: boolean;
  /** Lines that come behind all others. */
  readonly more?: readonly string[];
}

export const dovecotSettings: readonly string[] = [
  'maildirs; passwords in a passwd-file, hashed by `doveadm pw` with the scheme it chooses itself (bcrypt in 2.3); `auth_cache_size=10M`, so that a login that was verified once is not hashed again',
  '`ssl=no`, `disable_plaintext_auth=no`; `process_limit` 1000 and `client_limit` 5000; everything else as Dovecot has it: one process for each login and one for each session, `mail_fsync=optimized`, no lock on an open maildrop',
  'maildrops are filled with files named as its LMTP names them (with S= and W=), and each is opened once before anything is measured, so that its index is warm',
  'logs what it logs by default, into a file',
];

export const tunedSettings: readonly string[] = [
  'as Dovecot, and `service pop3-login { service_count=0 process_min_avail=2 }`, `service pop3 { service_count=1000 process_min_avail=20 }`: the high-performance mode of its manual',
];

export function dovecotConf({
  home,
  pop3Port,
  lmtpPort,
  tuned,
  knowsUsers = false,
  more = [],
}: DovecotOptions): string {
  return `protocols = pop3 lmtp
listen = 127.0.0.1
base_dir = ${home}/base
state_dir = ${home}/base
log_path = ${home}/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_cache_size = 10M
mail_location = maildir:${home}/mail/%n
first_valid_uid = 1
first_valid_gid = 1
default_process_limit = 1000
default_client_limit = 5000
passdb {
  driver = passwd-file
  args = username_format=%u ${home}/users
}
userdb {
  driver = static
  args = uid=${MAIL_UID} gid=${MAIL_UID} home=${home}/mail/%n allow_all_users=${knowsUsers ? 'no' : 'yes'}
}
service pop3-login {
  ${tuned ? 'service_count = 0\n  process_min_avail = 2' : ''}
  inet_listener pop3 {
    port = ${pop3Port}
  }
  inet_listener pop3s {
    port = 0
  }
}
service pop3 {
  ${tuned ? 'service_count = 1000\n  process_min_avail = 20' : ''}
  process_limit = 1000
}
service lmtp {
  inet_listener lmtp {
    port = ${lmtpPort}
  }
}
${more.map((line) => `${line}\n`).join('')}`;
}
