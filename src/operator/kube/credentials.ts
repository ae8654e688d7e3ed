/** What the operator shows to the API server, as plain data. */

/** All that a call needs to reach the API server. */
export interface KubeCredentials {
  /** e.g. `https://10.0.0.1:443`, without a slash at the end. */
  readonly server: string;
  /** PEM of the certificates to trust. Default: the public ones. */
  readonly ca?: string;
  /** File of `ca`, where it may be replaced while we run. */
  readonly caFile?: string;
  /** PEM of the client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Name in the server's certificate, where it is not that of the URL. */
  readonly serverName?: string;
  /** The server's certificate is not checked. */
  readonly insecure?: boolean;
  /** URL of the proxy to go through: http, https or socks5. */
  readonly proxy?: string;
  /** Sent with each call, by lower-case name, e.g. authorization and impersonate-user. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** File with the bearer token, which is replaced while we run. */
  readonly tokenFile?: string;
  /** Milliseconds of the epoch at which the Authorization header is worth nothing any more, where that is known. */
  readonly expiresAt?: number;
  /** What the next login needs of this one: OIDC's tokens, where each refresh ends the refresh token of before. */
  readonly carried?: Readonly<Record<string, string>>;
  /** Namespace of the context or of the pod. */
  readonly namespace: string;
}
