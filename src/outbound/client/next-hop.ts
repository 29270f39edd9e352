/**
 * Where mail goes next: a relay, a route of its own, an MX host. Made by whoever routes; the client asks nobody else.
 */

export interface NextHop {
  /** LMTP answers for each recipient behind the message (RFC 2033). */
  readonly protocol: 'smtp' | 'lmtp';
  readonly endpoint: NetworkEndpoint | SocketEndpoint;
  readonly tls: TlsPolicy;
  /** The name that its certificate must have; the endpoint's host unless told. */
  readonly tlsName?: string;
  readonly credentials?: Credentials;
}

export interface NetworkEndpoint {
  readonly kind: 'network';
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface SocketEndpoint {
  readonly kind: 'unix';
  readonly path: string;
}

/**
 * `none`: never. A login goes in clear then: for whoever has said so in a URL.
 * `opportunistic`: STARTTLS where it is offered, whatever the certificate, and in clear where the handshake fails (RFC 7435).
 * `required`: STARTTLS, and a certificate of the right name. `implicit`: the same from the first octet (RFC 8314 §3.3).
 */
export type TlsPolicy = 'none' | 'opportunistic' | 'required' | 'implicit';

/**
 * Who logs in. A token is good for as long as the connection is being opened; its refresh is somebody else's: `oauth` has none yet, and
 * is replaced by one before a connection is opened.
 */
export type Credentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly user: string; readonly accessToken: string }
  | { readonly kind: 'oauth'; readonly user: string };

/** For the log and for people; without user and password. */
export function nameOfEndpoint(endpoint: NetworkEndpoint | SocketEndpoint): string {
  return endpoint.kind === 'unix' ? endpoint.path : endpoint.host;
}
