/**
 * The embedded environment: real Postgres, a development Vault, an Airbyte emulator, an identity provider and fake SaaS
 * APIs, all on loopback. It speaks to the rest of the product through environment variables only, as production does.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asTenantryError, TenantryError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { type DevAirbyte, startDevAirbyte } from './airbyte/server.ts';
import { type DevIdp, startDevIdp } from './idp/server.ts';
import { startKeptPostgres } from './kept-postgres.ts';
import { type DevNotionMcp, startDevNotionMcp } from './mcp/notion.ts';
import { type DevPostgres, startDevPostgres } from './postgres.ts';
import { devProviderOrigins } from './provider-origins.ts';
import { type DevSaas, startDevSaas } from './saas/server.ts';
import { type DevVault, startDevVault } from './vault/server.ts';

export interface EnvironmentOptions {
  /** Folder that keeps everything over a restart. Default: memory and temporary folders. */
  readonly dataDir?: string;
  /** Integrations that the identity provider serves. */
  readonly integrations: readonly string[];
  /** Told when a part is up. */
  readonly onStarted?: (name: string, address: string) => void;
}

export interface Environment {
  readonly postgres: DevPostgres;
  readonly vault: DevVault;
  readonly airbyte: DevAirbyte;
  readonly idp: DevIdp;
  readonly saas: DevSaas;
  readonly mcp: DevNotionMcp;
  /** Variables that point Tenantry to this environment. Secrets among them. */
  readonly variables: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const started: { close(): Promise<void> }[] = [];
  const part = async <T extends { close(): Promise<void> }>(
    name: string,
    start: Promise<T>,
    address: (value: T) => string,
  ): Promise<T> => {
    const value = await start;
    started.push(value);
    options.onStarted?.(name, address(value));
    return value;
  };
  const folder = (name: string): { dataDir?: string } =>
    options.dataDir === undefined ? {} : { dataDir: join(options.dataDir, name) };
  const close = async (): Promise<void> => {
    // The last started goes first: Airbyte's jobs write to Postgres.
    for (const value of started.toReversed()) await value.close();
  };
  try {
    if (options.dataDir !== undefined) claimFolder(options.dataDir);
    const [postgres, vault, idp] = await settleAll([
      part(
        'Postgres',
        options.dataDir === undefined ? startDevPostgres() : startKeptPostgres(options.dataDir),
        (value) => `${value.host}:${value.port}`,
      ),
      part('Vault', startDevVault(folder('vault')), (value) => value.address),
      part(
        'Identity provider',
        startDevIdp({ ...folder('idp'), integrations: options.integrations }),
        (value) => value.url,
      ),
    ]);
    const introspect: DevIdp['introspect'] = (integration, token) => idp.introspect(integration, token);
    const saas = await part('SaaS APIs', startDevSaas({ introspect }), () => options.integrations.join(', '));
    const mcp = await part('MCP server', startDevNotionMcp({ introspect }), (value) => `${value.url}/mcp`);
    const airbyte = await part(
      'Airbyte',
      startDevAirbyte({ ...folder('airbyte'), saas: saas.urls }),
      (value) => value.url,
    );
    const variables = {
      ...variablesOf({ postgres, vault, airbyte, idp }),
      // As if one ran Notion's own open-source MCP server, which takes the token of the API.
      TENANTRY_MCP_SERVERS: JSON.stringify({ notion: `${mcp.url}/mcp` }),
      TENANTRY_PROVIDER_ORIGINS: JSON.stringify(devProviderOrigins({ idp, saas, mcp })),
    };
    return { postgres, vault, airbyte, idp, saas, mcp, variables, close };
  } catch (error) {
    await close();
    throw asTenantryError(error);
  }
}

/** Waits for all before it fails, so that nothing starts up behind a clean-up. */
async function settleAll<T extends readonly unknown[]>(work: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/** Marks a data folder as ours; a folder with something else in it is not filled with databases. */
function claimFolder(dataDir: string): void {
  const mark = join(dataDir, 'tenantry-dev');
  makeFolder(dataDir);
  if (existsSync(mark)) return;
  if (readdirSync(dataDir).length > 0) {
    throw new TenantryError('InvalidUsage', `${dataDir} holds other things than a tenantry dev environment`, {
      hint: 'pass --data-dir with a new or empty folder',
    });
  }
  writeFileSync(
    mark,
    'Data of `tenantry dev`, for development only. Remove the whole folder to begin anew.\n',
  );
}

function variablesOf(
  parts: Pick<Environment, 'postgres' | 'vault' | 'airbyte' | 'idp'>,
): Record<string, string> {
  const { postgres, vault, airbyte, idp } = parts;
  const variables: Record<string, string> = {
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: vault.rootToken,
    PGHOST: postgres.host,
    PGPORT: String(postgres.port),
    PGDATABASE: postgres.database,
    PGUSER: postgres.user,
    PGPASSWORD: postgres.password,
    PGSSLMODE: 'disable',
    AIRBYTE_URL: airbyte.url,
    AIRBYTE_CLIENT_ID: airbyte.clientId,
    AIRBYTE_CLIENT_SECRET: airbyte.clientSecret,
  };
  for (const [integration, client] of Object.entries(idp.clients)) {
    const name = integration.toUpperCase().replaceAll('-', '_');
    variables[`${name}_CLIENT_ID`] = client.clientId;
    variables[`${name}_CLIENT_SECRET`] = client.clientSecret;
  }
  if ('github' in idp.clients) {
    const { app } = idp.github;
    variables.GITHUB_APP_ID = app.appId;
    variables.GITHUB_APP_NAME = app.slug;
    // A file of variables has a line for each.
    variables.GITHUB_PRIVATE_KEY = app.privateKey.replaceAll('\n', '\\n');
  }
  return variables;
}

/** Writes the variables where a second terminal finds them; only the user may read the file. */
export async function writeEnvFile(file: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const text = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
  makeFolder(dirname(file));
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(
    draft,
    `# Written by tenantry dev: addresses and secrets of the environment on this machine.\n${text.join('')}`,
    {
      mode: 0o600,
    },
  );
  await rename(draft, file);
}
