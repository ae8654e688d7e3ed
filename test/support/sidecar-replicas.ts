/**
 * The development environment with a stack applied, and replicas of the sidecar over it as they run in production. Vault and
 * Postgres are behind proxies that can fail; providers have faults of their own (`environment.idp.faults`).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectByLink } from '../../src/dev/browser.ts';
import { type Environment, startEnvironment } from '../../src/dev/environment.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { createApiKey } from '../../src/sidecar/callers/api-keys/store.ts';
import type { Role } from '../../src/sidecar/callers/caller.ts';
import { type Sidecar, type StartOptions, startSidecar } from '../../src/sidecar/start.ts';
import { loadAndCheck } from '../../src/spec/stack.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { sql } from './sql.ts';
import { startTcpFaults, type TcpFaults } from './tcp-faults.ts';
import { mustApply, platformYaml, type Systems } from './world.ts';

/** The login of the sidecar, bound by row-level security. */
const APP_LOGIN = { user: 'tenantry_app', password: 'password-of-the-sidecars-login' };

/** A Platform whose apps are those of the development environment. */
export function appsPlatform(sidecar: object = {}): string {
  const app = (name: string): object => ({
    clientId: `\${ENV:${name}_CLIENT_ID}`,
    clientSecret: `\${ENV:${name}_CLIENT_SECRET}`,
  });
  const github = {
    ...app('GITHUB'),
    appId: '${ENV:GITHUB_APP_ID}',
    slug: '${ENV:GITHUB_APP_NAME}',
    privateKey: '${ENV:GITHUB_PRIVATE_KEY}',
    webhookSecret: '${ENV:GITHUB_WEBHOOK_SECRET}',
  };
  const slack = { ...app('SLACK'), webhookSecret: '${ENV:SLACK_WEBHOOK_SECRET}' };
  return platformYaml('dev', {
    sidecar: { url: '${ENV:TENANTRY_URL}', ...sidecar },
    apps: { notion: app('NOTION'), jira: app('JIRA'), slack, github },
  });
}

/** Settings of the integrations that ask for some. */
export const CONFIG = {
  slack: { config: { start_date: '2025-01-01T00:00:00Z' } },
  github: { config: { repositories: ['acme/website'] } },
  jira: {
    config: { domain: 'acme.atlassian.net', email: 'it@acme.example', api_token: '${ENV:JIRA_API_TOKEN}' },
  },
} as const;

/** What `appsPlatform` and `CONFIG` refer to and the environment does not make. */
const SECRETS = {
  GITHUB_WEBHOOK_SECRET: 'github-webhook-secret',
  SLACK_WEBHOOK_SECRET: 'slack-signing-secret',
  JIRA_API_TOKEN: 'api-token-of-jira',
};

export interface ReplicasOptions {
  /** YAML of the stack, its Platform included. */
  readonly documents: string;
  readonly integrations: readonly string[];
  /** More variables; they win. */
  readonly env?: (environment: Environment) => Readonly<Record<string, string>>;
  /** Is the stack applied? Default true. */
  readonly apply?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a problem, else undefined. */
  readonly code: string | undefined;
  /** From the request to the last byte of the answer, in milliseconds. */
  readonly ms: number;
}

export interface CallOptions {
  readonly method?: string;
  readonly key?: string;
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the first replica. */
  readonly url?: string;
}

export interface Replicas {
  readonly environment: Environment;
  /** Folder of the stack. */
  readonly dir: string;
  /** Variables of the sidecar. */
  readonly env: Readonly<Record<string, string>>;
  /** Of every replica, in milliseconds. */
  readonly clock: { now: number };
  readonly vault: TcpFaults;
  /** Between `vault` and Vault: for answers of a status. */
  readonly vaultHttp: FaultProxy;
  readonly postgres: TcpFaults;
  /** Lines of the logs of all replicas. */
  readonly lines: string[];
  readonly publicUrl: string;
  /** The first has `publicUrl`. */
  start(options?: Partial<StartOptions>): Promise<Sidecar>;
  key(tenant: string | null, role?: Role): Promise<string>;
  connect(tenant: string, integration: string): Promise<void>;
  call(path: string, options?: CallOptions): Promise<Answer>;
  /** As the superuser, past the proxy. */
  sql<R extends Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<R[]>;
  /** Writes a file of the stack. */
  write(file: string, text: string): Promise<void>;
  /** Ends every fault of Vault and Postgres. */
  calm(): Promise<void>;
  close(): Promise<void>;
}

export async function startReplicas(options: ReplicasOptions): Promise<Replicas> {
  const [environment, dir, port] = await Promise.all([
    startEnvironment({ integrations: options.integrations }),
    mkdtemp(join(tmpdir(), 'tenantry-sidecar-')),
    freePort(),
  ]);
  const vaultHttp = await startFaultProxy(environment.vault.address);
  const [vault, postgres] = await Promise.all([
    startTcpFaults({ host: '127.0.0.1', port: Number(new URL(vaultHttp.url).port) }),
    startTcpFaults(environment.postgres),
  ]);
  const publicUrl = `http://127.0.0.1:${port}`;
  if (options.integrations.includes('github')) {
    environment.idp.github.setCallbackUrl(`${publicUrl}/oauth/callback/github`);
  }
  const env = {
    ...SECRETS,
    ...environment.variables,
    VAULT_ADDR: `http://127.0.0.1:${vault.port}`,
    PGHOST: '127.0.0.1',
    PGPORT: String(postgres.port),
    TENANTRY_PGUSER: APP_LOGIN.user,
    TENANTRY_PGPASSWORD: APP_LOGIN.password,
    TENANTRY_URL: publicUrl,
    LOG_LEVEL: 'trace',
    ...options.env?.(environment),
  };
  const write = (file: string, text: string): Promise<void> => writeFile(join(dir, file), text);
  await write('platform.yaml', options.documents);
  if (options.apply !== false) {
    await mustApply({ env } as unknown as Systems, await loadAndCheck(dir), { env });
  }
  const clock = { now: Date.now() };
  const replicas: Sidecar[] = [];
  const lines: string[] = [];
  const first = (): Sidecar => {
    const [sidecar] = replicas;
    if (!sidecar) throw new Error('no replica was started');
    return sidecar;
  };

  const world: Replicas = {
    environment,
    dir,
    env,
    clock,
    vault,
    vaultHttp,
    postgres,
    lines,
    publicUrl,
    async start(more = {}) {
      const sidecar = await startSidecar({
        stackDir: dir,
        env,
        flags: { posture: 'gateway', host: '127.0.0.1', port: replicas.length === 0 ? port : 0 },
        writeLog: (line) => lines.push(line),
        now: () => clock.now,
        ...more,
      });
      replicas.push(sidecar);
      return sidecar;
    },
    async key(tenant, role = tenant === null ? 'admin' : 'tenant-admin') {
      const { database } = first().context;
      const wanted = { tenant, name: 'test', role, createdBy: 'test', now: clock.now };
      return (await createApiKey(database, wanted)).key;
    },
    async connect(tenant, integration) {
      const answer = await world.call(`/tenants/${tenant}/integrations/${integration}/connect-links`, {
        method: 'POST',
        key: await world.key(tenant),
        body: {},
      });
      const { url } = JSON.parse(answer.text) as { url: string };
      await connectByLink(url, tenant, AbortSignal.timeout(30_000));
    },
    call: (path, call = {}) => request(`${call.url ?? first().url}${path}`, call),
    sql: (text, params) => sql(environment, text, params),
    write,
    async calm() {
      vaultHttp.fault = undefined;
      await Promise.all([vault.set('pass'), postgres.set('pass')]);
    },
    async close() {
      await world.calm();
      await Promise.allSettled(replicas.map((sidecar) => sidecar.close({ graceMs: 2_000 })));
      await Promise.all([vault.close(), postgres.close(), vaultHttp.close()]);
      await environment.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return world;
}

async function request(
  url: string,
  { method = 'GET', key, body, headers = {} }: CallOptions,
): Promise<Answer> {
  const started = performance.now();
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  return {
    status: response.status,
    headers: response.headers,
    text,
    code: isProblem ? (JSON.parse(text) as { code: string }).code : undefined,
    ms: performance.now() - started,
  };
}
