/**
 * A whole installation with logins that may do what they must and no more: an engineer's (the policy of docs/vault.md,
 * the admin of Postgres) and the sidecar's (the policy `gateway-service`, a Postgres login made by `migrate`).
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freePort } from '../../src/dev/free-port.ts';
import { type DevIdp, startDevIdp } from '../../src/dev/idp/server.ts';
import { devProviderOrigins } from '../../src/dev/provider-origins.ts';
import { type DevSaas, startDevSaas } from '../../src/dev/saas/server.ts';
import type { SidecarFlags } from '../../src/sidecar/settings.ts';
import { type Sidecar, type StartOptions, startSidecar } from '../../src/sidecar/start.ts';
import { type CliOptions, type CliResult, cli, cliJson } from './cli.ts';
import type { Login } from './sql.ts';
import {
  integrationYaml,
  platformYaml,
  type Systems,
  startSystemsWith,
  type TestVault,
  tenantYaml,
} from './world.ts';

type Json = Record<string, unknown>;
type Env = Readonly<Record<string, string>>;

const ROOT = join(import.meta.dirname, '..', '..');

export interface Answer<T = Json> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: T;
}

export interface Call {
  readonly key?: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SidecarWorld<V extends TestVault = TestVault> {
  readonly systems: Systems<V>;
  readonly idp: DevIdp;
  /** The APIs of the providers. */
  readonly saas: DevSaas;
  /** Time of the sidecar and of the providers. */
  readonly clock: { now: number };
  /** Folder of the stack. */
  readonly dir: string;
  /** Variables of the engineer, and of the sidecar. */
  readonly engineer: Env;
  readonly gateway: Env;
  readonly login: Login;
  /** Lines of the log of every sidecar. */
  readonly lines: readonly string[];
  /** Secrets of the apps at the providers. */
  readonly appSecrets: Readonly<Record<string, string>>;
  /** Runs a command as the engineer. */
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  json<T = Json>(args: readonly string[]): Promise<{ readonly code: number; readonly json: T }>;
  /** A call to Vault as root. */
  asRoot<T = Json>(method: string, path: string, body?: unknown): Promise<T>;
  /** Starts a sidecar with its own logins; the caller closes it, or `close` does. */
  start(
    flags?: Partial<SidecarFlags>,
    env?: Env,
    more?: Pick<StartOptions, 'jobs' | 'kubernetes'>,
  ): Promise<Sidecar>;
  /** Configuration of a tenant's source as Airbyte has it, in clear. */
  sourceConfiguration(name: string): Promise<Json | undefined>;
  close(): Promise<void>;
}

const LOGIN: Login = { user: 'tenantry_app', password: 'password-of-the-sidecars-own-login' };

/** Integrations that the tenants have. Linear's tokens rotate and Airbyte gets the access token only. */
const INTEGRATIONS = ['linear', 'notion', 'slack'];

const SETTINGS: Readonly<Record<string, object>> = {
  slack: { config: { start_date: '2026-01-01T00:00:00Z' } },
};

export async function startSidecarWorld<V extends TestVault>(
  startVault: () => Promise<V>,
): Promise<SidecarWorld<V>> {
  const clock = { now: Date.now() };
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-sidecar-'));
  const idp = await startDevIdp({ integrations: INTEGRATIONS, now: () => clock.now });
  const saas = await startDevSaas({ introspect: idp.introspect });
  const airbyte = { dataDir: join(folder, 'airbyte'), saas: saas.urls };
  const systems = await startSystemsWith(startVault, { airbyte });
  const asRoot = rootOf(systems);
  const url = `http://127.0.0.1:${await freePort()}`;
  const dir = await writeStack(folder);
  const appSecrets = await keepAppSecrets(asRoot, idp);
  const origins = JSON.stringify(devProviderOrigins({ idp, saas }));
  const engineer: Env = {
    ...withoutToken(systems.env),
    ...(await appRole(asRoot, 'engineer', await documentedPolicy())),
    TENANTRY_PGUSER: LOGIN.user,
    TENANTRY_PGPASSWORD: LOGIN.password,
    TENANTRY_URL: url,
    TENANTRY_PROVIDER_ORIGINS: origins,
  };
  const gateway: Env = {
    ...withoutToken(systems.env),
    ...(await appRole(asRoot, 'sidecar')),
    PGUSER: LOGIN.user,
    PGPASSWORD: LOGIN.password,
    TENANTRY_URL: url,
    TENANTRY_PROVIDER_ORIGINS: origins,
    LOG_LEVEL: 'debug',
  };
  const lines: string[] = [];
  const started = new Set<Sidecar>();
  const here = (options: CliOptions = {}): CliOptions => ({
    cwd: folder,
    ...options,
    env: { ...engineer, ...options.env },
  });
  return {
    systems,
    idp,
    saas,
    clock,
    dir,
    engineer,
    gateway,
    login: LOGIN,
    lines,
    appSecrets,
    run: (args, options) => cli([...args, '--stack', dir], here(options)),
    json: (args) => cliJson([...args, '--stack', dir], here()),
    asRoot,
    async start(flags = {}, env = {}, more = {}) {
      const sidecar = await startSidecar({
        ...more,
        stackDir: dir,
        env: { ...gateway, ...env },
        flags: { posture: 'gateway', host: '127.0.0.1', port: Number(new URL(url).port), ...flags },
        migrate: false,
        writeLog: (line) => lines.push(line),
        now: () => clock.now,
      });
      started.add(sidecar);
      return sidecar;
    },
    async sourceConfiguration(name) {
      const state = JSON.parse(await readFile(join(airbyte.dataDir, 'airbyte.json'), 'utf8')) as {
        actors: { name: string; kind: string; deleted: boolean; configuration: Json }[];
      };
      const live = state.actors.filter(({ kind, deleted }) => kind === 'source' && !deleted);
      return live.find((actor) => actor.name.startsWith(name))?.configuration;
    },
    async close() {
      await Promise.all([...started].map((sidecar) => sidecar.close({ graceMs: 1_000 })));
      await Promise.all([systems.close(), saas.close(), idp.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A call to a sidecar. */
export async function call<T = Json>(
  sidecar: Pick<Sidecar, 'url'>,
  path: string,
  options: Call = {},
): Promise<Answer<T>> {
  const { key, method = 'GET', body, headers } = options;
  const response = await fetch(`${sidecar.url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // A page, or nothing.
  }
  return { status: response.status, headers: response.headers, text, json: json as T };
}

/** Everything up to the first sidecar: the stack is applied, the tables are made, and the apps have keys. */
export async function prepare(
  world: SidecarWorld,
): Promise<{ readonly app: string; readonly admin: string }> {
  for (const args of [['apply', '--yes'], ['migrate']]) {
    const { code, stdout, stderr } = await world.run(args);
    expect(code, stdout + stderr).toBe(0);
  }
  const keyOf = async (...args: string[]): Promise<string> => {
    const { code, json } = await world.json<{ key: string }>(['api-keys', 'create', ...args]);
    expect(code, JSON.stringify(json)).toBe(0);
    return json.key;
  };
  return {
    app: await keyOf('acme', '--name', 'app'),
    admin: await keyOf('--platform', '--name', 'platform'),
  };
}

function withoutToken({ VAULT_TOKEN: _token, ...env }: Env): Env {
  return env;
}

async function writeStack(folder: string): Promise<string> {
  const dir = join(folder, 'stack');
  await mkdir(join(dir, 'tenants'), { recursive: true });
  const app = (field: string): string => `\${VAULT:secret/data/_platform/apps:${field}}`;
  const apps = Object.fromEntries(
    INTEGRATIONS.map((id) => [
      id,
      {
        clientId: `dev-${id}`,
        clientSecret: app(`${id}_client_secret`),
        ...(id === 'linear' && { webhookSecret: app('linear_webhook_secret') }),
      },
    ]),
  );
  const tenants = ['acme', 'globex'].map(
    (tenant) =>
      tenantYaml(tenant) + INTEGRATIONS.map((id) => integrationYaml(tenant, id, SETTINGS[id])).join(''),
  );
  const vault = { auth: { method: 'approle' }, tenantAuth: { method: 'approle' } };
  // The address comes from TENANTRY_URL.
  const platform = platformYaml('prod', { vault, apps }).replace(/,"sidecar":\{[^}]*\}/, '');
  await writeFile(join(dir, 'platform.yaml'), platform);
  await writeFile(join(dir, 'tenants', 'all.yaml'), tenants.join(''));
  return dir;
}

type AsRoot = SidecarWorld['asRoot'];

function rootOf({ vault }: Pick<Systems, 'vault'>): AsRoot {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${vault.address}/v1/${path}`, {
      method,
      headers: { 'X-Vault-Token': vault.rootToken },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok && response.status !== 404)
      throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as T;
  };
}

async function documentedPolicy(): Promise<string> {
  const page = await readFile(join(ROOT, 'docs', 'vault.md'), 'utf8');
  const policy = /```hcl\n([\s\S]*?)```/.exec(page)?.[1];
  if (!policy) throw new Error('docs/vault.md holds no policy');
  return policy;
}

/** An AppRole as an administrator makes it; the sidecar's as docs/production.md says. */
async function appRole(asRoot: AsRoot, name: string, policy?: string): Promise<Env> {
  const methods = await asRoot<Json>('GET', 'sys/auth');
  if (!('approle/' in methods)) await asRoot('POST', 'sys/auth/approle', { type: 'approle' });
  if (policy !== undefined) await asRoot('POST', `sys/policies/acl/${name}`, { policy });
  const policies = [policy === undefined ? 'gateway-service' : name];
  await asRoot('POST', `auth/approle/role/${name}`, { token_policies: policies, token_period: '24h' });
  const { data: id } = await asRoot<{ data: { role_id: string } }>(
    'GET',
    `auth/approle/role/${name}/role-id`,
  );
  const made = await asRoot<{ data: { secret_id: string } }>('POST', `auth/approle/role/${name}/secret-id`);
  return { VAULT_ROLE_ID: id.role_id, VAULT_SECRET_ID: made.data.secret_id };
}

async function keepAppSecrets(asRoot: AsRoot, idp: DevIdp): Promise<Record<string, string>> {
  const secrets: Record<string, string> = { linear_webhook_secret: 'what-linear-signs-webhooks-with' };
  for (const id of INTEGRATIONS) secrets[`${id}_client_secret`] = idp.clients[id]?.clientSecret ?? '';
  await asRoot('POST', 'secret/data/_platform/apps', { data: secrets });
  return secrets;
}
