/** Accounts and domains as administration lists them. */

export interface MailboxRow {
  readonly address: string;
  readonly messages: number;
  readonly octets: number;
  readonly quota_octets: number | null;
  readonly quota_messages: number | null;
  readonly created_at: number;
  readonly last_delivery_at: number | null;
  readonly last_login_at: number | null;
  readonly enabled: number;
  readonly refuses_mail: number;
  readonly keeps_mail: number;
  readonly expire_days: number | null;
  readonly forwards: number;
  /** In JSON; null where it does not forward. */
  readonly targets: string | null;
}

/** The counters are null without a quota. */
export interface DomainSummaryRow {
  readonly name: string;
  readonly alias_of: string | null;
  readonly messages: number | null;
  readonly octets: number | null;
  readonly quota_octets: number | null;
  readonly quota_messages: number | null;
}
