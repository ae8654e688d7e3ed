/**
 * The program that reads a kubeconfig with @kubernetes/client-node and prints the credentials as one line of JSON. The
 * library costs 90 MB of memory, which the operator does not have to spare; here it is gone as soon as it was used.
 */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { createInterface } from 'node:readline';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';
import type { KubeCredentials } from './credentials.ts';
import { ConfigError, loadFiles, type RawUser } from './kubeconfig-files.ts';
import { expiryOfJwt, type OidcSettings, oidcLogin } from './kubeconfig-oidc.ts';

/** The order, as one line of JSON on the standard input. */
export interface KubeconfigOrder {
  /** Merged as kubectl does: what a file before has, stays. */
  readonly files: readonly string[];
  /** Default: the current one. */
  readonly context?: string | undefined;
  /** `carried` of the login before. */
  readonly carried?: Readonly<Record<string, string>> | undefined;
}

export type KubeconfigAnswer =
  | { readonly credentials: KubeCredentials }
  | { readonly failed: 'config' | 'login'; readonly message: string };

async function read(order: KubeconfigOrder): Promise<KubeCredentials> {
  const { config, users } = loadFiles(order.files);
  if (order.context !== undefined) config.setCurrentContext(order.context);
  const { context, cluster, user } = chosen(config);
  const carried = user === null ? undefined : await loginByOidc(user, order.carried);
  tellPrograms(cluster, user);
  const access = await logIn(config);
  const raw = users.get(context.user);
  return {
    server: cluster.server,
    ...(cluster.proxyUrl && { proxy: cluster.proxyUrl }),
    ...(cluster.caFile && { caFile: cluster.caFile }),
    ...access,
    headers: { ...access.headers, ...impersonation(raw) },
    // Who replaces the file knows when; a login anew would only read the same file.
    ...(raw?.tokenFile === undefined ? expiryOf(config, user, access.headers) : { tokenFile: raw.tokenFile }),
    ...(carried && { carried }),
    namespace: context.namespace ?? 'default',
  };
}

interface Chosen {
  readonly context: { readonly user: string; readonly namespace?: string };
  readonly cluster: Cluster;
  readonly user: User | null;
}

function chosen(config: KubeConfig): Chosen {
  const name = config.getCurrentContext();
  if (!name) throw new ConfigError('the kubeconfig has no current-context; name one with --context');
  const context = config.getContexts().find((each) => each.name === name);
  if (context === undefined) throw new ConfigError(`the kubeconfig has no context ${name}`);
  const cluster = config.getCluster(context.cluster);
  if (cluster === null) throw new ConfigError(`the kubeconfig has no cluster ${context.cluster}`);
  const user = config.getUser(context.user);
  if (user === null && context.user) throw new ConfigError(`the kubeconfig has no user ${context.user}`);
  checkUrl('server', cluster.server, ['http:', 'https:']);
  if (cluster.proxyUrl) checkUrl('proxy-url', cluster.proxyUrl, ['http:', 'https:', 'socks5:', 'socks5h:']);
  return { context, cluster, user };
}

function checkUrl(field: string, url: string, protocols: readonly string[]): void {
  if (URL.canParse(url) && protocols.includes(new URL(url).protocol)) return;
  // Not the value: it may hold a password.
  throw new ConfigError(`${field} of the cluster must be a URL with ${protocols.join(', ')}`);
}

/** Puts the token in the place of the provider, for the library to use. */
async function loginByOidc(
  user: User,
  carried: KubeconfigOrder['carried'],
): Promise<KubeCredentials['carried']> {
  const provider = user.authProvider as { name?: string; config?: OidcSettings } | null | undefined;
  if (provider?.name !== 'oidc') return undefined;
  const login = await oidcLogin(provider.config ?? {}, carried);
  Object.assign(user, { authProvider: undefined, token: login.idToken });
  return login.carried;
}

type Access = Pick<KubeCredentials, 'ca' | 'cert' | 'key' | 'serverName' | 'insecure'> & {
  readonly headers: Readonly<Record<string, string>>;
};

async function logIn(config: KubeConfig): Promise<Access> {
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    headers[name.toLowerCase()] = String(value).trim();
  }
  if (options.auth) headers['authorization'] ??= `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return {
    ...(options.ca && { ca: String(options.ca) }),
    ...(options.cert && { cert: String(options.cert) }),
    ...(options.key && { key: String(options.key) }),
    ...(options.servername && { serverName: options.servername }),
    ...(options.rejectUnauthorized === false && { insecure: true }),
    headers,
  };
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
function impersonation(user: RawUser | undefined): Record<string, string | readonly string[]> {
  if (user?.as === undefined) return {};
  const headers: Record<string, string | readonly string[]> = {};
  if (user['as-uid'] !== undefined) headers['impersonate-uid'] = user['as-uid'];
  if (user['as-groups']?.length) headers['impersonate-group'] = user['as-groups'];
  for (const [key, values] of Object.entries(user['as-user-extra'] ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`] = values;
  }
  return headers;
}

/**
 * Programs that log in are told of the cluster by this variable, which the library does not set.
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
function tellPrograms(cluster: Cluster, user: User | null): void {
  const exec = user?.exec as { apiVersion?: string; provideClusterInfo?: boolean } | null | undefined;
  if (!exec) return;
  const { server, caData, caFile, skipTLSVerify, tlsServerName, proxyUrl } = cluster;
  const authority = caFile ? readFileSync(caFile).toString('base64') : caData;
  process.env['KUBERNETES_EXEC_INFO'] = JSON.stringify({
    apiVersion: exec.apiVersion ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(exec.provideClusterInfo && {
        cluster: {
          server,
          'certificate-authority-data': authority,
          'insecure-skip-tls-verify': skipTLSVerify || undefined,
          'tls-server-name': tlsServerName,
          'proxy-url': proxyUrl,
        },
      }),
    },
  });
}

/** What the program said, or else what stands in a token that is a JWT. */
function expiryOf(
  config: KubeConfig,
  user: User | null,
  headers: Access['headers'],
): Pick<KubeCredentials, 'expiresAt'> {
  type Cache = Readonly<Record<string, { status?: { expirationTimestamp?: string } } | null>>;
  // Private to the library; without it only the JWT and the API server's 401 tell.
  const { authenticators = [] } = config as unknown as { authenticators?: readonly { tokenCache?: Cache }[] };
  const said = authenticators.map((each) => each.tokenCache?.[user?.name ?? '']?.status?.expirationTimestamp);
  const time = Date.parse(said.find((each) => each !== undefined) ?? '');
  const token = headers['authorization']?.replace('Bearer ', '') ?? '';
  const expiresAt = Number.isNaN(time) ? expiryOfJwt(token) : time;
  return expiresAt === undefined ? {} : { expiresAt };
}

async function answer(line: string): Promise<void> {
  let result: KubeconfigAnswer;
  try {
    result = { credentials: await read(JSON.parse(line) as KubeconfigOrder) };
  } catch (error) {
    const failed = error instanceof ConfigError ? 'config' : 'login';
    result = { failed, message: (error as Error).message.trim().slice(0, 500) };
  }
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}

/** Nobody waits for the answer any more: also the programs that log in end. */
function end(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.exit(1);
  }
}

createInterface({ input: process.stdin })
  .once('line', (line) => void answer(line))
  .once('close', end);
