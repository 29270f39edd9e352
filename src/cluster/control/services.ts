/** What a listener offers: which protocol, in which role, and whether TLS begins with the first byte (RFC 8314 §3). */
import { portNames, type PortName } from '../../config/contradictions.js';
import type { Configuration } from '../../config/configuration.js';
import { kebab } from '../../config/options.js';
import type { ListenerAddress, UnixAddress } from '../../net/listener.js';
import type { ServiceGroup } from './messages.js';

export type ServiceName = 'smtp' | 'submission' | 'submissions' | 'pop3' | 'pop3s' | 'lmtp' | 'device';

export interface Service {
  readonly protocol: 'smtp' | 'submission' | 'lmtp' | 'device' | 'pop3';
  /** That of devices may begin with TLS or without. */
  readonly implicitTls: boolean;
}

export const services: Readonly<Record<ServiceName, Service>> = {
  smtp: { protocol: 'smtp', implicitTls: false },
  submission: { protocol: 'submission', implicitTls: false },
  submissions: { protocol: 'submission', implicitTls: true },
  pop3: { protocol: 'pop3', implicitTls: false },
  pop3s: { protocol: 'pop3', implicitTls: true },
  lmtp: { protocol: 'lmtp', implicitTls: false },
  device: { protocol: 'device', implicitTls: false },
};

/** Whose places it shares. */
export function groupOf(name: ServiceName): ServiceGroup {
  const { protocol } = services[name];
  return protocol === 'lmtp' ? 'smtp' : protocol;
}

export const serviceNames = Object.keys(services) as readonly ServiceName[];

/** Where a server listens, and for what. A socket that was handed over takes the place of its service's addresses. */
export function addressesOf(
  configuration: Configuration,
  inherited: readonly ListenerAddress[],
): readonly ListenerAddress[] {
  const ports = portNames.filter(
    (name) => configuration[name] !== 0 && !inherited.some(({ protocol }) => protocol === serviceOf(name)),
  );
  const own = ports.flatMap((name) =>
    hostsOf(name, configuration).map((host) => ({ protocol: serviceOf(name), host, port: configuration[name] })),
  );
  return [...inherited, ...own, ...unixAddressesOf(configuration)];
}

function hostsOf(name: PortName, { host, deviceHost }: Configuration): readonly string[] {
  return name === 'devicePort' ? (deviceHost ?? host) : host;
}

/** Those of them that are files. */
export function unixAddressesOf({ lmtpSocket: path, lmtpSocketMode: mode }: Configuration): readonly UnixAddress[] {
  return path === undefined ? [] : [{ protocol: 'lmtp', path, mode }];
}

/** `submissionPort` → `submission`. */
export function serviceOf(name: PortName): ServiceName {
  return kebab(name).replace(/-port$/, '') as ServiceName;
}
