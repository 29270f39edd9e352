/** What a listener offers: which protocol, in which role, and whether TLS begins with the first byte (RFC 8314 §3). */
import { portNames, type PortName } from '../../config/contradictions.js';
import type { Configuration } from '../../config/configuration.js';
import { kebab } from '../../config/options.js';
import type { ListenerAddress, TcpAddress, UnixAddress } from '../../net/listener.js';
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

/** With --web-port auto. */
export const USUAL_WEB_PORT = 8025;

/** Where the page is, in the words that name its options. */
export function webAddressesOf(configuration: Configuration): readonly TcpAddress[] {
  const { webHost, host, webTlsPort } = configuration;
  const webPort = configuration.webPort === 'auto' ? USUAL_WEB_PORT : configuration.webPort;
  return [
    ...(webPort === 0 ? [] : webHost.map((each) => ({ protocol: 'web', host: each, port: webPort }))),
    ...(webTlsPort === 0 ? [] : host.map((each) => ({ protocol: 'web-tls', host: each, port: webTlsPort }))),
  ];
}

/** Whether one of them may be taken by another program: nobody asked for it. */
export function isOptional({ webPort }: Configuration, { protocol }: ListenerAddress): boolean {
  return protocol === 'web' && webPort === 'auto';
}

/** Those of them that are files. */
export function unixAddressesOf({ lmtpSocket: path, lmtpSocketMode: mode }: Configuration): readonly UnixAddress[] {
  return path === undefined ? [] : [{ protocol: 'lmtp', path, mode }];
}

/** `submissionPort` → `submission`. */
export function serviceOf(name: PortName): ServiceName {
  return kebab(name).replace(/-port$/, '') as ServiceName;
}
