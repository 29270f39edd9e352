/** What the operator sets for SMTP. */
export interface SmtpSettings {
  readonly hostname: string;
  /** The domain of `<Postmaster>` and of this server's own address literals. */
  readonly domain: string;
  readonly maxMessageSize: number;
  readonly bareNewlines: 'refuse' | 'normalize';
  /** Whether those who log in may send to other domains. */
  readonly outbound: 'off' | 'relay';
  /** To how many recipients there, in an hour and in a day; undefined: any number. */
  readonly maxRecipientsPerHour: number | undefined;
  readonly maxRecipientsPerDay: number | undefined;
  /** How long that is tried, in milliseconds. */
  readonly queueLifetime: number;
  /** After how long its sender is told that it still waits; 0: never. */
  readonly delayWarning: number;
}
