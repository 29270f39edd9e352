/**
 * Every metric there is, by Prometheus' conventions: what processes measure (their samples have these names), and what is asked of the
 * store. Its labels have few values each: never an address, a domain or an account. Below `pennypost_` in the answer.
 */
export interface MetricFamily {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

export const metricFamilies = {
  info: { type: 'gauge', help: 'Always 1; the version is a label' },
  ready: { type: 'gauge', help: 'Whether every process is ready and the store answers, as /readyz says it' },
  processes: { type: 'gauge', help: 'Processes by role and state' },
  process_restarts_total: { type: 'counter', help: 'Processes that died and were started again, by role' },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of each process' },
  process_cpu_seconds_total: { type: 'counter', help: 'Time on processors of each process' },
  process_start_time_seconds: { type: 'gauge', help: 'When each process began, in seconds since 1970' },
  event_loop_delay_p99_seconds: {
    type: 'gauge',
    help: 'How long the event loop kept what waited, in the last minute: 99 of 100 less',
  },
  event_loop_delay_max_seconds: { type: 'gauge', help: 'The same, at most' },
  sessions_total: { type: 'counter', help: 'Sessions of mail that began, by protocol' },
  sessions_open: { type: 'gauge', help: 'Sessions of mail that go on' },
  logins_total: { type: 'counter', help: 'Logins by outcome: accepted, wrong, or refused for earlier failures' },
  refusals_total: {
    type: 'counter',
    help: 'Replies that refuse, by code: enhanced (RFC 3463), of POP3 (RFC 2449), or the plain one',
  },
  messages_received_total: { type: 'counter', help: 'Messages that were accepted, durably' },
  messages_refused_total: { type: 'counter', help: 'Messages that came whole and were refused' },
  messages_retrieved_total: { type: 'counter', help: 'Messages that RETR sent' },
  messages_removed_total: { type: 'counter', help: 'Messages that a QUIT removed after DELE' },
  message_octets_total: { type: 'counter', help: 'Octets of messages that were accepted, or sent by RETR and TOP' },
  messages_stored_total: {
    type: 'counter',
    help: 'Messages that the store made durable since it began, from whatever side',
  },
  commits_total: { type: 'counter', help: 'Transactions of the store' },
  commit_seconds: { type: 'histogram', help: 'How long a commit takes, its sync included' },
  commit_writes: { type: 'histogram', help: 'How many writes a commit makes durable together' },
  wal_bytes: { type: 'gauge', help: 'Size of the write-ahead log' },
  maildrops_open: { type: 'gauge', help: 'Maildrops that are locked by a session' },
  unindexed_messages: { type: 'gauge', help: 'Messages that are not in the search index yet' },
  queue_recipients: { type: 'gauge', help: 'Recipients in the queue, by state' },
  queue_oldest_seconds: { type: 'gauge', help: 'Age of the message that waits longest; 0 with none' },
  attempts_total: {
    type: 'counter',
    help: 'Attempts to send, by outcome: delivered, deferred or failed; a recipient each',
  },
  outbound_connections: { type: 'gauge', help: 'Connections to next hops in use' },
  fetched_messages_total: { type: 'counter', help: 'Messages that collectors fetched' },
  http_requests_total: { type: 'counter', help: 'Requests by HTTP, by status' },
  certificate_not_after_seconds: {
    type: 'gauge',
    help: 'When the certificate ends, in seconds since 1970, by its first name',
  },
} as const satisfies Readonly<Record<string, MetricFamily>>;
