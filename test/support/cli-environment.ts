/** Vault, Postgres and Airbyte for the tests of one file, and stacks in folders of their own for the command line. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import type { DevVault } from '../../src/dev/vault/server.ts';
import { type CliOptions, type CliResult, cli, cliJson } from './cli.ts';
import { platformYaml, type Systems, startSystems } from './world.ts';

export { integrationYaml, platformYaml, tenantYaml } from './world.ts';

type Json = Record<string, unknown>;

export interface CliEnvironment {
  readonly systems: Systems<DevVault>;
  /** Ends faults and unseals Vault. */
  calm(): void;
  /** A call to Vault as its root: what an administrator does beside Tenantry. */
  asRoot(method: string, path: string, body?: unknown): Promise<Json>;
  /** A Vault token with these rules in HCL. */
  tokenWith(rules: string): Promise<string>;
  /** Runs SQL as the superuser. */
  sql<R extends Json>(text: string): Promise<R[]>;
  /** Calls Airbyte with our own application. */
  callAirbyte(method: string, path: string, body?: unknown): Promise<Json>;
  /** A stack in a folder of its own; a Platform of the same name is added where the files bring none. */
  stack(name: string, files: Readonly<Record<string, string>>): Promise<TestStack>;
  close(): Promise<void>;
}

export interface TestStack {
  /** Working directory; the stack is the folder `stacks/<name>` in it. */
  readonly cwd: string;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  write(file: string, text: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** Runs a command on this stack. `env` is added to the stack's; an empty text takes a variable away. */
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  json<T = Json>(
    args: readonly string[],
    options?: CliOptions,
  ): Promise<{ readonly code: number; readonly json: T; readonly stderr: string }>;
}

export async function startCliEnvironment(): Promise<CliEnvironment> {
  const systems = await startSystems();
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-cli-'));
  const { vault, airbyte, postgres, vaultProxy, airbyteProxy } = systems;
  const asRoot: CliEnvironment['asRoot'] = (method, path, body) =>
    fetchJson(`${vault.address}/v1/${path}`, method, { 'X-Vault-Token': vault.rootToken }, body);
  let policies = 0;
  return {
    systems,
    calm() {
      vaultProxy.fault = undefined;
      airbyteProxy.fault = undefined;
      vault.unseal();
    },
    asRoot,
    async tokenWith(rules) {
      policies += 1;
      const name = `test-${policies}`;
      await asRoot('POST', `sys/policies/acl/${name}`, { policy: rules });
      const made = await asRoot('POST', 'auth/token/create', { policies: [name], ttl: '1h' });
      return String((made['auth'] as Json)['client_token']);
    },
    sql: (text) => runSql(postgres.url, text),
    async callAirbyte(method, path, body) {
      const login = { client_id: airbyte.clientId, client_secret: airbyte.clientSecret };
      const grant = { ...login, 'grant-type': 'client_credentials' };
      const { access_token: token } = await fetchJson(`${airbyte.url}/applications/token`, 'POST', {}, grant);
      return fetchJson(`${airbyte.url}${path}`, method, { Authorization: `Bearer ${String(token)}` }, body);
    },
    stack: (name, files) =>
      openStack(name, { 'platform.yaml': platformYaml(name), ...files }, { folder, env: systems.env }),
    async close() {
      await systems.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openStack(
  name: string,
  files: Readonly<Record<string, string>>,
  place: { readonly folder: string; readonly env: Readonly<Record<string, string>> },
): Promise<TestStack> {
  const cwd = join(place.folder, name);
  const dir = join(cwd, 'stacks', name);
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), text);
  };
  await mkdir(dir, { recursive: true });
  for (const [file, text] of Object.entries(files)) await write(file, text);
  const here = (options: CliOptions = {}): CliOptions => ({
    cwd,
    ...options,
    env: { ...place.env, ...options.env },
  });
  const onStack = (args: readonly string[]): string[] => [...args, '--stack', name];
  return {
    cwd,
    dir,
    env: place.env,
    write,
    remove: (file) => rm(join(dir, file), { recursive: true }),
    run: (args, options) => cli(onStack(args), here(options)),
    json: (args, options) => cliJson(onStack(args), here(options)),
  };
}

async function fetchJson(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: unknown,
): Promise<Json> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as Json;
}

async function runSql<R extends Json>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}
