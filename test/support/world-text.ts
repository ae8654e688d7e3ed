/** The whole world as one text without ids, times and secrets, to compare the outcomes of two runs. */
import { createAirbyteClient } from '../../src/clients/airbyte.ts';
import type { VaultClient } from '../../src/clients/vault.ts';
import type { DevAirbyte } from '../../src/dev/airbyte/server.ts';

export interface WorldParts {
  readonly vault: VaultClient;
  readonly airbyte: DevAirbyte;
  query(sql: string): Promise<Record<string, unknown>[]>;
}

export async function worldText(parts: WorldParts): Promise<string> {
  const [vault, postgres, airbyte] = await Promise.all([
    vaultText(parts.vault),
    postgresText(parts.query),
    airbyteText(parts.airbyte),
  ]);
  return JSON.stringify({ vault, postgres, airbyte }, null, 2);
}

async function vaultText(vault: VaultClient): Promise<unknown> {
  const policies = await vault.list('sys/policies/acl');
  const keys = await vault.list('transit/keys');
  const roles = await vault.list('auth/approle/role');
  const folders = await vault.list('secret/metadata/');
  const secrets: Record<string, unknown> = {};
  for (const folder of folders.sort()) {
    for (const name of (await vault.list(`secret/metadata/${folder}`)).sort()) {
      const path = `${folder}${name}`;
      const metadata = await vault.read<{ custom_metadata: Record<string, string> | null }>(
        `secret/metadata/${path}`,
      );
      const answer = await vault.read<{ data: Record<string, unknown> | null }>(`secret/data/${path}`);
      secrets[path] = {
        marks: Object.entries(metadata?.custom_metadata ?? {})
          .filter(([key]) => key.startsWith('tenantry_'))
          .sort(),
        // Cipher text differs each time; that it is cipher text must not.
        data: Object.entries(answer?.data ?? {}).map(([key, value]) => [
          key,
          String(value).replace(/^vault:v1:.*/, 'encrypted'),
        ]),
      };
    }
  }
  return {
    policies: await readAll(policies, (name) => vault.read(`sys/policies/acl/${name}`)),
    keys: await readAll(keys, async (name) => {
      const key = await vault.read(`transit/keys/${name}`);
      return { type: key?.type, rotation: key?.auto_rotate_period, version: key?.latest_version };
    }),
    roles: await readAll(roles, (name) => vault.read(`auth/approle/role/${name}`)),
    secrets,
  };
}

async function readAll(
  names: readonly string[],
  read: (name: string) => Promise<unknown>,
): Promise<unknown[]> {
  return Promise.all([...names].sort().map(async (name) => [name, await read(name)]));
}

/** Times of secret versions stand in comments. */
function withoutTime(comment: unknown): string {
  return String(comment).replace(/@\S+/, '@time');
}

async function postgresText(query: WorldParts['query']): Promise<unknown> {
  const schemas = await query(
    `SELECT nspname, nspacl::text AS acl, obj_description(oid, 'pg_namespace') AS comment FROM pg_namespace
     WHERE nspname LIKE 'tenant%' ORDER BY 1`,
  );
  const roles = await query(
    `SELECT rolname, rolcanlogin, rolconnlimit, shobj_description(oid, 'pg_authid') AS comment FROM pg_roles
     WHERE rolname LIKE 'tenant%' ORDER BY 1`,
  );
  const defaults = await query(
    `SELECT n.nspname, d.defaclacl::text AS acl FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace
     ORDER BY 1`,
  );
  const plain = (row: Record<string, unknown>): unknown => ({ ...row, comment: withoutTime(row.comment) });
  return { schemas: schemas.map(plain), roles: roles.map(plain), defaults };
}

interface Item {
  readonly name: string;
  readonly configuration?: unknown;
  readonly schedule?: unknown;
  readonly namespaceFormat?: string;
  readonly prefix?: string;
  readonly status?: string;
}

async function airbyteText(airbyte: DevAirbyte): Promise<unknown> {
  const client = createAirbyteClient({ ...airbyte, concurrency: 4 });
  const text: Record<string, unknown> = {};
  for (const path of ['/workspaces', '/destinations', '/sources', '/connections']) {
    const items = await client.listAll<Item>(path);
    text[path] = items
      .map(({ name, configuration, schedule, namespaceFormat, prefix, status }) => ({
        name,
        // The database is another one in each run.
        configuration: configuration && {
          ...(configuration as object),
          database: undefined,
          port: undefined,
        },
        schedule,
        namespaceFormat,
        prefix,
        status,
      }))
      .sort((a, b) => a.name.localeCompare(b.name));
  }
  client.close();
  return text;
}
