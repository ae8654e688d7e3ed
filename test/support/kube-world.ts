/** A real API server with our custom resource definitions, namespaces and accounts at hand, for one test file. */
import { createPrivateKey } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SignJWT } from 'jose';
import { parse } from 'yaml';
import type { KubeCall } from '../../src/operator/kube/client.ts';
import { type ConnectedKube, connectKube } from '../../src/operator/kube/connect.ts';
import { pathOf } from '../../src/operator/objects.ts';
import { type KubeApi, startKubeApi } from './engines/kube-api.ts';

export interface KubeWorld {
  readonly api: KubeApi;
  /** As the administrator. */
  readonly client: ConnectedKube;
  /** Each try of each call of `client`, the newest last. */
  readonly calls: readonly KubeCall[];
  /** Makes the namespace, or takes it as it is. Gives its name. */
  namespace(name: string): Promise<string>;
  /** Makes a service account with these rights and no others. Its namespace is made too. */
  account(options: AccountOptions): Promise<Account>;
  close(): Promise<void>;
}

/** https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/role-v1/ */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface AccountOptions {
  readonly name: string;
  readonly namespace: string;
  readonly rules: readonly PolicyRule[];
  /** The rules hold in its own namespace (Role) or everywhere (ClusterRole). Default: its own namespace. */
  readonly everywhere?: boolean;
  /**
   * Life of the token in seconds, default 3600. From 600 on it comes from the TokenRequest API, which gives none that is
   * shorter; below it is signed here with the API server's key. The API server gives a minute of grace and remembers a good
   * token for 10 s more: -50 is refused after 10 to 20 s, and ENDED at once.
   */
  readonly lifetimeSeconds?: number;
}

/** A `lifetimeSeconds` of a token that is refused from the beginning. */
export const ENDED = -120;

export interface Account {
  readonly token: string;
  /** File of a kubeconfig with the token in it; the context's namespace is the account's. */
  readonly kubeconfigFile: string;
  /** A file with the token and a kubeconfig that names it (`tokenFile`), for tests of rotation. */
  readonly tokenFile: string;
  readonly kubeconfigOfTokenFile: string;
  /** Another token for the same account. */
  newToken(lifetimeSeconds?: number): Promise<string>;
  /** A client with the token; the caller closes it. */
  connect(): Promise<ConnectedKube>;
}

/** Ready when objects of both kinds can be made. */
export async function startKubeWorld(): Promise<KubeWorld> {
  const api = await startKubeApi();
  try {
    const calls: KubeCall[] = [];
    const client = await connectKube({
      kubeconfig: api.kubeconfigFile,
      env: process.env,
      onCall: (call) => calls.push(call),
    });
    await installCrds(client);
    const namespace = (name: string): Promise<string> => makeNamespace(client, name);
    return {
      api,
      client,
      calls,
      namespace,
      account: async (options) => {
        await namespace(options.namespace);
        return await makeAccount(api, client, options);
      },
      close: async () => {
        await client.close();
        await api.close();
      },
    };
  } catch (error) {
    await api.close();
    throw error;
  }
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

async function installCrds(client: ConnectedKube): Promise<void> {
  const folder = new URL('../../crds/', import.meta.url);
  for (const file of await readdir(folder)) {
    const crd = parse(await readFile(new URL(file, folder), 'utf8')) as { metadata: { name: string } };
    await client.apply(`${CRDS}/${crd.metadata.name}`, crd);
  }
  await until(async () => {
    for (const kind of ['Tenant', 'TenantIntegration'] as const) await client.list(pathOf(kind), {});
  });
}

/** Its defaults are not served at once: a new definition answers 404 and then, for a moment, 429. */
async function until(check: () => Promise<void>): Promise<void> {
  for (let left = 500; ; left -= 1) {
    try {
      return await check();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function makeNamespace(client: ConnectedKube, name: string): Promise<string> {
  await client.apply(`/api/v1/namespaces/${name}`, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  });
  return name;
}

async function makeAccount(api: KubeApi, client: ConnectedKube, options: AccountOptions): Promise<Account> {
  const { name, namespace, lifetimeSeconds } = options;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
  const made = await client.apply<{ metadata: { uid: string } }>(path, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace },
  });
  await bindRules(client, options);
  const newToken = async (seconds = 3600): Promise<string> => {
    if (seconds < 600) return await signToken(api, { name, namespace, uid: made.metadata.uid, seconds });
    const { status } = await client.create<{ status: { token: string } }>(`${path}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: seconds },
    });
    return status.token;
  };
  const token = await newToken(lifetimeSeconds);
  const base = join(dirname(api.kubeconfigFile), `${namespace}-${name}`);
  const files = {
    kubeconfigFile: `${base}.yaml`,
    tokenFile: `${base}.token`,
    kubeconfigOfTokenFile: `${base}-file.yaml`,
  };
  const write = (file: string, text: string): Promise<void> => writeFile(file, text, { mode: 0o600 });
  await write(files.tokenFile, token);
  await write(files.kubeconfigFile, kubeconfigOf(api, namespace, { token }));
  await write(files.kubeconfigOfTokenFile, kubeconfigOf(api, namespace, { tokenFile: files.tokenFile }));
  return {
    token,
    ...files,
    newToken,
    connect: () => connectKube({ kubeconfig: files.kubeconfigFile, env: process.env }),
  };
}

async function bindRules(client: ConnectedKube, options: AccountOptions): Promise<void> {
  const { name, namespace, rules, everywhere = false } = options;
  const group = '/apis/rbac.authorization.k8s.io/v1';
  const scope = everywhere ? group : `${group}/namespaces/${namespace}`;
  const kind = everywhere ? 'ClusterRole' : 'Role';
  const own = everywhere ? `${namespace}-${name}` : name;
  const metadata = { name: own, ...(!everywhere && { namespace }) };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await client.apply(`${scope}/${kind.toLowerCase()}s/${own}`, { apiVersion, kind, metadata, rules });
  await client.apply(`${scope}/${kind.toLowerCase()}bindings/${own}`, {
    apiVersion,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: own },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
}

/** As the API server does it, with its own key, which lies next to its kubeconfig. */
async function signToken(
  api: KubeApi,
  account: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly seconds: number;
  },
): Promise<string> {
  const { name, namespace, uid, seconds } = account;
  const key = createPrivateKey(await readFile(join(dirname(api.kubeconfigFile), 'accounts.key'), 'utf8'));
  const issuer = 'https://kubernetes.default.svc';
  const now = Math.floor(Date.now() / 1000);
  return await new SignJWT({ 'kubernetes.io': { namespace, serviceaccount: { name, uid } } })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(issuer)
    .setAudience(issuer)
    .setSubject(`system:serviceaccount:${namespace}:${name}`)
    .setIssuedAt(now - 600)
    .setNotBefore(now - 600)
    .setExpirationTime(now + seconds)
    .sign(key);
}

function kubeconfigOf(api: KubeApi, namespace: string, user: Readonly<Record<string, string>>): string {
  const authority = Buffer.from(api.ca).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: api.url, 'certificate-authority-data': authority } }],
    users: [{ name: 'account', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'account', namespace } }],
    'current-context': 'test',
  });
}
