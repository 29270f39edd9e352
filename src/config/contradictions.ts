/** Values that are right one by one and wrong together. Silent about an option whose value is itself a mistake. */
import type { Loaded } from './setting.js';
import type { Configuration, OptionName } from './configuration.js';
import { kebab, optionNames } from './options.js';
import type { Mistake } from './setting.js';

type WebPortName = Extract<OptionName, `web${string}Port`>;
export type PortName = Exclude<Extract<OptionName, `${string}Port`>, WebPortName>;

/** Every option that says where the page is. */
export const webPortNames: readonly WebPortName[] = ['webPort', 'webTlsPort'];
/** Every option that says where mail is spoken. */
export const portNames = optionNames.filter(
  (name): name is PortName => name.endsWith('Port') && !webPortNames.some((other) => other === name),
);

interface Contradiction {
  readonly between: readonly OptionName[];
  readonly sentence: string;
}

export function contradictions({ configuration, settings }: Loaded, mistakes: readonly Mistake[]): readonly Mistake[] {
  const mistaken = new Set(mistakes.map(({ option }) => option));
  return [...samePorts(configuration), ...noPort(configuration), ...tls(configuration), ...outbound(configuration)]
    .filter(({ between }) => !between.some((name) => mistaken.has(name)))
    .map(({ between, sentence }) => ({
      sentence,
      fault: between.some((name) => settings[name].fault === 'usage') ? 'usage' : 'configuration',
    }));
}

function samePorts(configuration: Configuration): readonly Contradiction[] {
  const used = [...portNames, ...webPortNames].filter((name) => configuration[name] !== 0);
  return used.flatMap((name, at) => {
    const port = configuration[name];
    const first = used.slice(0, at).find((other) => configuration[other] === port);
    if (first === undefined) return [];
    return [
      {
        between: [first, name],
        sentence: `${kebab(first)} and ${kebab(name)} are both ${port}; give one another port`,
      },
    ];
  });
}

function noPort(configuration: Configuration): readonly Contradiction[] {
  if (portNames.some((name) => configuration[name] !== 0) || configuration.lmtpSocket !== undefined) return [];
  return [
    {
      between: [...portNames, 'lmtpSocket'],
      sentence: 'smtp-port and pop3-port are both 0, so nothing would listen; give one a port',
    },
  ];
}

function tls({
  tlsCertificate,
  tlsKey,
  submissionsPort,
  pop3sPort,
  webTlsPort,
}: Configuration): readonly Contradiction[] {
  if (tlsCertificate === 'none' && webTlsPort !== 0)
    return [
      {
        between: ['tlsCertificate', 'webTlsPort'],
        sentence: 'web-tls-port is HTTPS; give a tls-certificate other than none, or switch it off',
      },
    ];
  if (tlsCertificate === 'none' && (submissionsPort !== 0 || pop3sPort !== 0))
    return [
      {
        between: ['tlsCertificate', 'submissionsPort', 'pop3sPort'],
        sentence:
          'submissions-port and pop3s-port are TLS from the first byte; give a tls-certificate other than none, or switch them off',
      },
    ];
  if (tlsKey === 'auto' || (tlsCertificate !== 'auto' && tlsCertificate.length === tlsKey.length)) return [];
  return [
    {
      between: ['tlsCertificate', 'tlsKey'],
      sentence: 'tls-certificate and tls-key must name as many files as each other, in the same order',
    },
  ];
}

function outbound({ outbound: way, relay, minimalBackoff, maximalBackoff }: Configuration): readonly Contradiction[] {
  const found: Contradiction[] = [];
  if (way === 'relay' && relay.length === 0)
    found.push({
      between: ['outbound', 'relay'],
      sentence: 'outbound is relay, and no relay is named; give relay, such as smtp://user@relay.example.org:587',
    });
  if (minimalBackoff > maximalBackoff)
    found.push({
      between: ['minimalBackoff', 'maximalBackoff'],
      sentence: 'minimal-backoff is longer than maximal-backoff; give one another time',
    });
  return found;
}
