/** What people type into Thunderbird, Outlook or a phone to use their account there. */
import type { Configuration } from '../config/configuration.js';

export interface MailService {
  /** `Incoming mail (POP3)` */
  readonly service: string;
  readonly host: string;
  readonly port: number;
  /** As mail programs call it. */
  readonly security: 'SSL/TLS' | 'STARTTLS' | 'none';
}

/** Those that a configuration serves, the safest of each first. */
export function mailServicesOf(configuration: Configuration): readonly MailService[] {
  const { hostname: host, pop3sPort, pop3Port, submissionsPort, submissionPort, tlsCertificate } = configuration;
  const [incoming, outgoing] = ['Incoming mail (POP3)', 'Outgoing mail (SMTP)'];
  const upgraded = tlsCertificate === 'none' ? 'none' : 'STARTTLS';
  const all: readonly MailService[] = [
    { service: incoming, host, port: pop3sPort, security: 'SSL/TLS' },
    { service: incoming, host, port: pop3Port, security: upgraded },
    { service: outgoing, host, port: submissionsPort, security: 'SSL/TLS' },
    { service: outgoing, host, port: submissionPort, security: upgraded },
  ];
  return all.filter(({ port }) => port !== 0);
}
