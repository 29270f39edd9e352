/**
 * Variables that Kubernetes and container links put into every container beside a service, in the service's name: beside one
 * called `pennypost` they begin as ours do. They are known by their form and mean nothing here, not even where one has the
 * name of an option, such as `PENNYPOST_SMTP_PORT=tcp://10.0.0.1:25` of a service called `pennypost-smtp`.
 */

const ADDRESS = /^(tcp|udp|sctp):\/\/\S+:\d+$/;

/** By the end of the name, and what the value then looks like. */
const FORMS: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/_PORT$/, ADDRESS],
  [/_PORT_\d+_(TCP|UDP|SCTP)$/, ADDRESS],
  [/_PORT_\d+_(TCP|UDP|SCTP)_ADDR$/, /./],
  [/_PORT_\d+_(TCP|UDP|SCTP)_PORT$/, /^\d+$/],
  [/_PORT_\d+_(TCP|UDP|SCTP)_PROTO$/, /^(tcp|udp|sctp)$/],
  [/_SERVICE_HOST$/, /./],
  [/_SERVICE_PORT(_\w+)?$/, /^\d+$/],
  [/_NAME$/, /^\/[^/]+\/[^/]+$/],
];

export function isInjected(name: string, value: string): boolean {
  return FORMS.some(([nameForm, valueForm]) => nameForm.test(name) && valueForm.test(value));
}
