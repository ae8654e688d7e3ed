/** managementPolicy: Observe as a person reads it in plan, apply, status and destroy, and as a program does. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type CliEnvironment,
  integrationYaml,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';

let environment: CliEnvironment;
let stack: TestStack;
const sync = { streams: [{ name: 'users' }], initialSync: false };

beforeAll(async () => {
  environment = await startCliEnvironment();
  stack = await environment.stack('watched', {
    'tenants/acme.yaml': tenantYaml('acme') + integrationYaml('acme', 'notion', { sync }),
  });
  await stack.run(['apply', '--yes']);
  await stack.run(['credentials', 'set', 'acme', 'notion'], { input: 'ntn_token-of-acme' });
  expect((await stack.run(['apply', '--yes'])).code).toBe(0);
  await stack.write(
    'tenants/acme.yaml',
    tenantYaml('acme', { database: { connectionLimit: 20 }, managementPolicy: 'Observe' }) +
      integrationYaml('acme', 'notion', { sync: { ...sync, schedule: '5 4 * * *' } }),
  );
});
afterAll(() => environment.close());

it('plan tells what would be done, and that there are no changes', async () => {
  expect(await stack.run(['plan'])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stderr": "",
      "stdout": "Tenant acme
      ○ postgres:role tenant_acme_loader  would be updated (only observed)
          connectionLimit: 10 → 20
      ○ airbyte:connection acme-notion  would be updated (only observed)
          schedule: manual → 37 5 4 * * ?

    No changes: 2 only observed, 16 up to date.
    ",
    }
  `);
  const { code, json } = await stack.json<{ steps: unknown[] }>(['plan']);
  expect({ code, ...json }).toMatchObject({ code: 0, changes: 0, summary: { observe: 2, update: 0 } });
  expect(json.steps).toMatchObject([
    { action: 'observe', would: 'update', changes: [{ path: 'connectionLimit', before: '10', after: '20' }] },
    { action: 'observe', would: 'update', changes: [{ path: 'schedule' }] },
  ]);
});

it('apply does nothing and needs no yes', async () => {
  const { code, stdout, stderr } = await stack.run(['apply']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('No changes: 2 only observed, ');
  expect(await stack.json(['apply'])).toMatchObject({
    code: 0,
    json: { ok: true, applied: 0, summary: { observed: 2, updated: 0 } },
  });
});

it('status calls the integration observed', async () => {
  expect(await stack.run(['status'])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stderr": "",
      "stdout": "TENANT  INTEGRATION  STATUS    LAST SYNC  NEXT STEP
    acme    notion       observed  -          see \`tenantry plan --stack watched\`; managementPolicy: Manage makes it so

    1 integration: 1 observed.
    ",
    }
  `);
  expect(await stack.json(['status'])).toMatchObject({
    code: 0,
    json: { changes: 0, observed: 2, summary: { observed: 1 }, integrations: [{ status: 'observed' }] },
  });
});

it('destroy refuses', async () => {
  expect(await stack.run(['destroy', 'acme', '--confirm', 'acme'])).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'Blocked: tenant acme is only observed (managementPolicy: Observe); nothing was removed\n  → set managementPolicy: Manage, or remove its documents, and run the command again\n',
  });
});
