/** No secret in anything that a run tells: plans, results, events, errors, observations, inputs, state in the systems. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../support/sql.ts';
import {
  type Applied,
  applyOnce,
  connectTenant,
  documentsOf,
  integrationYaml,
  type Planned,
  planOnce,
  platformYaml,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../support/world.ts';

let systems: Systems;
beforeAll(async () => {
  systems = await startSystems();
});
afterAll(() => systems.close());

const env = {
  JIRA_TOKEN: 'canary-jira-token-1',
  // A client id is no secret: Airbyte shows it.
  APP_ID: 'public-app-id',
  APP_SECRET: 'canary-app-secret-3',
};
const STREAMS = { streams: [{ name: 'pages' }] };
const yaml =
  platformYaml('dev', {
    apps: {
      notion: { clientId: '${ENV:APP_ID}', clientSecret: '${ENV:APP_SECRET}' },
      hubspot: { clientId: '${ENV:APP_ID}', clientSecret: '${ENV:APP_SECRET}' },
    },
  }) +
  tenantYaml('acme', { deletionPolicy: 'Delete' }) +
  integrationYaml('acme', 'notion', { sync: STREAMS }) +
  integrationYaml('acme', 'hubspot', { sync: { streams: [{ name: 'contacts' }], initialSync: false } }) +
  integrationYaml('acme', 'jira', {
    config: { domain: 'acme.atlassian.net', email: 'a@b.example', api_token: '${ENV:JIRA_TOKEN}' },
    sync: { streams: [{ name: 'projects' }] },
  });

const told: string[] = [];
function hear(run: Planned | Applied): void {
  const maps = [...run.observation.objects].map(([kind, found]) => [kind, [...found]]);
  told.push(
    JSON.stringify([run.steps, run.plan, maps, [...run.observation.versions], run.graph.resources()]),
  );
  if ('results' in run) told.push(JSON.stringify([run.results, run.events]));
}
function hearError(error: unknown): void {
  for (let at: unknown = error; at !== undefined; at = (at as Error).cause) {
    told.push(String((at as Error).stack), JSON.stringify(at, Object.getOwnPropertyNames(at)));
    for (const inner of (at as AggregateError).errors ?? []) hearError(inner);
  }
}

test('whatever goes right or wrong, no secret is told', async () => {
  const stack = await documentsOf(yaml);
  const run = async (options: Parameters<typeof applyOnce>[2] = {}): Promise<void> => {
    await planOnce(systems, stack, { env, ...options }).then(hear, hearError);
    await applyOnce(systems, stack, { env, retries: 1, ...options }).then(hear, hearError);
  };
  const store = (fields: Record<string, string>): Promise<unknown> =>
    withWorld(systems, stack, { env }, async (world) => {
      await connectTenant(world, { tenant: 'acme', integration: 'hubspot' }, fields);
      return connectTenant(world, { tenant: 'acme', integration: 'notion' }, fields);
    });

  await run();
  await store({ access_token: 'canary-access-4', refresh_token: 'canary-refresh-5' });
  await run();
  // Plain text by hand.
  await withWorld(systems, stack, { env }, ({ vault }) =>
    vault.write('secret/data/acme/notion', { data: { access_token: 'canary-by-hand-6', scopes: 'x' } }),
  );
  await run();
  // Every answer of Airbyte repeats what it was sent, as some validators do.
  await store({ access_token: 'canary-access-7', refresh_token: 'canary-refresh-8' });
  systems.airbyteProxy.status = 422;
  systems.airbyteProxy.fault = ({ method, path }) =>
    method === 'PUT' && path.includes('/sources') ? 'before' : 'pass';
  await run();
  systems.airbyteProxy.status = 500;
  for (const fault of ['before', 'after', 'lost'] as const) {
    systems.airbyteProxy.fault = ({ method }) => (method === 'GET' ? 'pass' : fault);
    await run();
    systems.airbyteProxy.fault = undefined;
    systems.vaultProxy.fault = ({ path }) => (/transit|_platform/.test(path) ? fault : 'pass');
    await run();
    systems.vaultProxy.fault = undefined;
  }
  await run({ env: { ...env, PGPORT: '1' } });
  await run({ env: { ...env, PGPASSWORD: 'canary-wrong-password-9' } });
  await run({ env: { ...env, VAULT_TOKEN: 'canary-wrong-token-10' } });
  await run({ env: { ...env, AIRBYTE_CLIENT_SECRET: 'canary-wrong-secret-11' } });
  await run();
  const passwords = await withWorld(systems, stack, { env }, ({ vault }) =>
    vault.read<{ data: { password: string } }>('secret/data/_platform/postgres/acme'),
  );
  const one = new Set(['acme']);
  await run({ only: one, leaving: one, confirmed: one });

  const marks = await sql(
    systems,
    "SELECT shobj_description(oid, 'pg_authid') AS text FROM pg_roles UNION ALL SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace",
  );
  const everything = [...told, JSON.stringify(marks)].join('\n');
  const forms = (secret: string): string[] => [
    secret,
    Buffer.from(secret).toString('base64'),
    encodeURIComponent(secret),
  ];
  const secrets = [
    passwords?.data.password ?? '',
    systems.vault.rootToken,
    systems.postgres.password,
    systems.airbyte.clientSecret,
  ];
  expect(everything.length).toBeGreaterThan(100_000);
  expect(everything).toContain('acme.atlassian.net');
  expect(secrets.every((secret) => secret.length > 15)).toBe(true);
  for (const secret of secrets)
    for (const form of forms(secret)) expect(everything.includes(form)).toBe(false);
  expect(everything.match(/canary-[a-z-]+\d*/)).toBeNull();
  expect(everything).not.toContain(Buffer.from('canary').toString('base64').slice(0, 8));
  expect(everything).not.toMatch(/SCRAM-SHA-256\$|vault:v\d+:/);
});
