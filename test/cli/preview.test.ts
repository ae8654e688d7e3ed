/** `tenantry preview`, with the stack's own logins and through the API of a sidecar. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DevSaas, startDevSaas } from '../../src/dev/saas/server.ts';
import {
  type CliEnvironment,
  integrationYaml,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';

const TOKEN = 'a-token-of-notion-0123456789';

let environment: CliEnvironment;
let saas: DevSaas;
let stack: TestStack;
let origins: Readonly<Record<string, string>>;

beforeAll(async () => {
  environment = await startCliEnvironment();
  saas = await startDevSaas({
    introspect: async () => ({ active: false }),
    staticTokens: [{ integration: 'notion', token: TOKEN, tenant: 'acme' }],
  });
  origins = { TENANTRY_PROVIDER_ORIGINS: JSON.stringify({ 'https://api.notion.com': saas.urls['notion'] }) };
  stack = await environment.stack('preview', {
    'tenants/acme.yaml':
      tenantYaml('acme') +
      integrationYaml('acme', 'notion') +
      integrationYaml('acme', 'slack', {
        config: { start_date: '2026-01-01T00:00:00Z' },
        access: { proxy: false },
      }),
  });
  for (const args of [['apply', '--yes'], ['migrate']]) {
    const { code, stdout, stderr } = await stack.run(args);
    expect(code, stdout + stderr).toBe(0);
  }
});

afterAll(async () => {
  await Promise.all([environment.close(), saas.close()]);
});

test('before anybody has connected it shows the streams of the catalog', async () => {
  const { code, stdout } = await stack.run(['preview', 'acme', 'notion']);
  expect(code).toBe(0);
  expect(stdout).toContain('acme/notion: 4 streams, by the catalog: there is no source yet');
  expect(stdout).toMatch(/pages +yes +yes/);
  expect(stdout).toContain('Rows: tenantry preview acme notion users');
});

describe('after the tenant has connected', () => {
  beforeAll(async () => {
    const set = await stack.run(['credentials', 'set', 'acme', 'notion'], { input: TOKEN });
    expect(set.code, set.stdout + set.stderr).toBe(0);
    const applied = await stack.run(['apply', '--yes']);
    expect(applied.code, applied.stdout + applied.stderr).toBe(0);
  });

  test('it shows the streams of the source', async () => {
    const { code, json } = await stack.json<{
      from: string;
      streams: { name: string; primaryKey: unknown }[];
    }>([...['preview', 'acme', 'notion']]);
    expect(code).toBe(0);
    expect(json.from).toBe('source');
    expect(json.streams.find(({ name }) => name === 'pages')?.primaryKey).toEqual([['id']]);
  });

  test('it shows rows as a table and as JSON, and records the access in the engineer’s name', async () => {
    const table = await stack.run(['preview', 'acme', 'notion', 'users', '--limit', '2'], { env: origins });
    expect(table.code, table.stderr).toBe(0);
    expect(table.stdout).toContain('acme/notion users: 2 rows');
    expect(table.stdout).toContain('id (string)');
    const { json } = await stack.json<{ rows: { object: string }[] }>(
      ['preview', 'acme', 'notion', 'users'],
      {
        env: origins,
      },
    );
    expect(json.rows.length).toBeGreaterThan(1);
    expect(new Set(json.rows.map(({ object }) => object))).toEqual(new Set(['user']));
    const rows = await environment.sql<{ actor: string; detail: string }>(
      "select actor, detail from tenantry.token_access_log where action = 'preview'",
    );
    expect(rows).toEqual(
      Array.from({ length: 2 }, () => ({ actor: 'cli:preview', detail: 'users: GET api.notion.com' })),
    );
  });

  test('what the document does not allow and what nobody has fails with the reason', async () => {
    const forbidden = await stack.json<{ error: { code: string } }>(['preview', 'acme', 'slack', 'users']);
    expect([forbidden.code, forbidden.json.error.code]).toEqual([1, 'Forbidden']);
    const unknown = await stack.run(['preview', 'acme', 'notion', 'page'], { env: origins });
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('pages');
    const typo = await stack.run(['preview', 'acme', 'noton']);
    expect(typo.stderr).toContain('notion');
    expect((await stack.run(['preview', 'acme', 'notion', 'users', '--limit', '21'])).code).toBe(1);
  });
});

test('through a sidecar it asks that sidecar, and a provider’s text cannot move the cursor', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.headers.authorization} ${request.url}`);
    response.setHeader('content-type', 'application/json');
    const column = { name: 'id', type: 'string', isHidden: false };
    const rows = [{ id: 'evil\u001b[2J\nvalue' }];
    response.end(
      JSON.stringify({
        tenantId: 'acme',
        integration: 'notion',
        stream: 's',
        columns: [column],
        rows,
        isCut: false,
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { TENANTRY_URL: url, TENANTRY_API_KEY: 'a-key' };
  const { code, stdout, stderr } = await stack.run(['preview', 'acme', 'notion', 'a/b', '--limit', '3'], {
    env,
  });
  server.close();
  expect(code, stderr).toBe(0);
  expect(asked).toEqual(['Bearer a-key /tenants/acme/integrations/notion/preview/a%2Fb?limit=3']);
  expect(stdout).toContain('evil [2J value');
  expect(stdout).not.toContain('\u001b[2J');
});

test('keys and cursors of a source cannot move the cursor either, and the hint names a stream as it can be typed', async () => {
  const stream = {
    columns: [],
    syncModes: [],
    primaryKey: [['evil\u001b[2J', 'key']],
    cursor: ['evil\u001b[2J\ncursor'],
    isSynced: true,
    noRows: null,
  };
  const streams = ['evil\u001b[2Jname', 'two words', 'pages'].map((name) => ({ ...stream, name }));
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ tenantId: 'acme', integration: 'notion', from: 'source', streams }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { TENANTRY_URL: url, TENANTRY_API_KEY: 'a-key' };
  const { code, stdout, stderr } = await stack.run(['preview', 'acme', 'notion'], { env });
  server.close();
  expect(code, stderr).toBe(0);
  expect(stdout).not.toContain('\u001b[2J');
  expect(stdout).toContain('evil [2J.key');
  expect(stdout).toContain('evil [2J cursor');
  expect(stdout).toContain('Rows: tenantry preview acme notion pages\n');
});
