/** The options of the page, the API and what monitors ask for; a part of the table in options.ts. */
import type { Configuration } from './configuration.js';
import type { Option } from './option.js';
import { basePath, domainNames, hosts, integer, networks } from './units.js';

const port = integer(0, 65535);

type WebOptionName = `web${string}` | 'metricsNetworks';

export const webOptions: { readonly [Name in keyof Configuration & WebOptionName]: Option<Configuration[Name]> } = {
  webPort: {
    initial: 'auto',
    placeholder: 'PORT',
    doc: 'The port for HTTP: the page, the API and health. auto is 8025, and nothing for as long as another program has that; 0 is off.',
    parse: (text) => (text.toLowerCase() === 'auto' ? 'auto' : port(text)),
  },
  webTlsPort: {
    initial: '0',
    placeholder: 'PORT',
    doc: "The same by HTTPS, with the server's certificates, on the addresses of --host (443 on the internet); 0 is off.",
    parse: port,
  },
  webHost: {
    initial: '127.0.0.1,::1',
    placeholder: 'ADDRESS,…',
    doc: 'The addresses for --web-port, where nothing is encrypted.',
    parse: hosts,
  },
  webBasePath: {
    initial: '/',
    placeholder: 'PATH',
    doc: 'What stands before every path, such as /mail, where a reverse proxy serves other things too.',
    parse: basePath,
  },
  webNames: {
    initial: 'none',
    placeholder: 'NAME,…',
    doc: 'Names in URLs under which it may be asked for, besides localhost, --hostname, --domain and every IP address.',
    parse: domainNames,
  },
  webProxyNetworks: {
    initial: 'none',
    placeholder: 'NETWORK,…',
    doc: 'Reverse proxies: what they say in X-Forwarded-For, -Proto and -Host is believed.',
    parse: networks,
  },
  metricsNetworks: {
    initial: 'none',
    placeholder: 'NETWORK,…',
    doc: 'Who may ask for /metrics without a login, besides this machine itself.',
    parse: networks,
  },
};
