/** What a server is told: the values that the options (options.ts) lead to. */
import type { Relay } from '../outbound/client/relay-url.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The effective configuration of one server. Sizes are bytes, durations milliseconds. */
export interface Configuration {
  readonly db: string;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly host: readonly string[];
  readonly deviceHost: readonly string[] | undefined;
  readonly smtpPort: number;
  readonly submissionPort: number;
  readonly submissionsPort: number;
  readonly pop3Port: number;
  readonly pop3sPort: number;
  readonly lmtpPort: number;
  readonly devicePort: number;
  readonly webPort: number | 'auto';
  readonly webTlsPort: number;
  readonly webHost: readonly string[];
  readonly webBasePath: string;
  readonly webNames: readonly string[];
  readonly webProxyNetworks: readonly string[];
  readonly metricsNetworks: readonly string[];
  readonly lmtpSocket: string | undefined;
  readonly lmtpSocketMode: number;
  readonly tlsCertificate: TlsFiles | 'none';
  readonly tlsKey: TlsFiles;
  readonly hostname: string;
  readonly domain: string;
  /** Characters of which each may part a name from its detail; empty for none. */
  readonly detailSeparators: string;
  readonly workers: number;
  readonly maxMessageSize: number;
  readonly minFree: number | undefined;
  readonly keepRemoved: number;
  readonly index: boolean;
  readonly keepArrivals: number;
  readonly bareNewlines: 'refuse' | 'normalize';
  readonly outbound: 'off' | 'relay';
  readonly relay: readonly Relay[];
  readonly relayPasswordFile: string | undefined;
  readonly minimalBackoff: number;
  readonly maximalBackoff: number;
  readonly queueLifetime: number;
  readonly delayWarning: number;
  readonly keepDeliveries: number;
  readonly outboundConnections: number;
  readonly destinationConcurrency: number;
  readonly maxRecipientsPerHour: number | undefined;
  readonly maxRecipientsPerDay: number | undefined;
  readonly trustedNetworks: readonly string[];
  readonly proxyNetworks: readonly string[];
  readonly xclientNetworks: readonly string[];
  readonly maxSessions: number;
  readonly maxSessionsPerAddress: number;
  readonly maxNewSessionsPerMinute: number;
  readonly greetingTimeout: number;
  readonly smtpTimeout: number;
  readonly pop3Timeout: number;
  readonly loginDelay: number;
  readonly dataTimeout: number;
  readonly sessionTimeout: number;
  readonly minBodyRate: number;
  readonly drainTimeout: number;
  readonly reloadTimeout: number;
  readonly watchdogTimeout: number;
  readonly logLevel: LogLevel;
  readonly verbose: boolean;
}

/** `auto`: made on the first start. */
export type TlsFiles = 'auto' | readonly string[];

export type OptionName = keyof Configuration;
