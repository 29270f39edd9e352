/** What the operator sets for SMTP. */
export interface SmtpSettings {
  readonly hostname: string;
  /** The domain of `<Postmaster>` and of this server's own address literals. */
  readonly domain: string;
  readonly maxMessageSize: number;
  readonly bareNewlines: 'refuse' | 'normalize';
}
