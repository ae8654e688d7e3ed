/** plan, apply and status as a person reads them, and as a program does. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorDocument } from '../support/cli.ts';
import {
  type CliEnvironment,
  integrationYaml,
  platformYaml,
  startCliEnvironment,
  tenantYaml,
} from '../support/cli-environment.ts';
import type { Fault } from '../support/fault-proxy.ts';

const USERS = { sync: { streams: [{ name: 'users' }] } };

let environment: CliEnvironment;
beforeAll(async () => {
  environment = await startCliEnvironment();
});
afterEach(() => environment.calm());
afterAll(() => environment.close());

interface PlanDocument {
  readonly changes: number;
  readonly summary: Record<string, number>;
  readonly steps: readonly { readonly id: string; readonly tenant?: string; readonly action: string }[];
}

interface ApplyDocument {
  readonly ok: boolean;
  readonly applied: number;
  readonly plan: PlanDocument;
  readonly results: readonly { readonly id: string; readonly outcome: string }[];
}

describe('the life of a stack', () => {
  it('is planned, applied, changed, waited for and pruned, and each is said plainly', async () => {
    const stack = await environment.stack('life', {
      'tenants/acme.yaml': tenantYaml('acme') + integrationYaml('acme', 'notion', USERS),
    });
    const planned = await stack.run(['plan']);
    expect(planned).toMatchObject({ code: 2, stderr: '' });
    expect(planned.stdout).toMatchInlineSnapshot(`
      "Platform
        + vault:mount transit
        + vault:policy gateway-service
        + vault:auth-mount approle

      Tenant acme
        + vault:claim acme
        + vault:policy tenant-acme
        + vault:auth-role approle/tenant-acme
        + vault:transit-key acme
        + vault:generated-secret _platform/postgres/acme
        + postgres:role tenant_acme_loader
        + postgres:role tenant_acme_reader
        + postgres:schema tenant_acme
        + postgres:grants tenant_acme
        + airbyte:workspace acme
        + airbyte:destination acme-postgres
        + vault:credential acme/notion
        … airbyte:source acme-notion  waits for credential acme/notion
            → make a link: tenantry connect acme notion --stack life

      Plan: 15 to create; 1 up to date, 3 waiting.
      \`tenantry apply --stack life\` makes these changes.
      "
    `);

    const refused = await stack.run(['apply']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatchInlineSnapshot(`
      "ConfirmationRequired: there is no terminal to ask at; nothing was changed
        → pass --yes
      "
    `);

    const applied = await stack.run(['apply', '--yes']);
    expect({
      ...applied,
      stdout: applied.stdout.slice(applied.stdout.indexOf('Plan:')),
    }).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "",
        "stdout": "Plan: 15 to create; 1 up to date, 3 waiting.
      Applied: 15 created, 3 waiting, 1 unchanged.
      ",
      }
    `);
    expect(await stack.run(['plan'])).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "",
        "stdout": "Tenant acme
        … airbyte:source acme-notion  waits for credential acme/notion
            → make a link: tenantry connect acme notion --stack life

      No changes: 16 up to date, 3 waiting.
      ",
      }
    `);
    expect(await stack.run(['status'])).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "",
        "stdout": "TENANT  INTEGRATION  STATUS   LAST SYNC  NEXT STEP
      acme    notion       waiting  -          make a link: tenantry connect acme notion --stack life

      1 integration: 1 waiting.
      ",
      }
    `);

    await stack.write(
      'tenants/acme.yaml',
      tenantYaml('acme', { database: { connectionLimit: 20 }, encryption: { rotationPeriod: '30d' } }) +
        integrationYaml('acme', 'notion', USERS),
    );
    expect((await stack.run(['plan', '--tenant', 'acme'])).stdout).toMatchInlineSnapshot(`
      "Tenant acme
        ~ vault:transit-key acme
            rotation: every 90d → every 30d
        ~ postgres:role tenant_acme_loader
            connectionLimit: 10 → 20
        … airbyte:source acme-notion  waits for credential acme/notion
            → make a link: tenantry connect acme notion --stack life

      Plan: 2 to update; 14 up to date, 3 waiting.
      \`tenantry apply --tenant acme --stack life\` makes these changes.
      "
    `);
    expect((await stack.run(['apply', '--yes'])).stdout).toMatchInlineSnapshot(`
      "Tenant acme
        ~ vault:transit-key acme
            rotation: every 90d → every 30d
        ~ postgres:role tenant_acme_loader
            connectionLimit: 10 → 20
        … airbyte:source acme-notion  waits for credential acme/notion
            → make a link: tenantry connect acme notion --stack life

      Plan: 2 to update; 14 up to date, 3 waiting.
      Applied: 2 updated, 3 waiting, 14 unchanged.
      "
    `);

    await stack.run(['credentials', 'set', 'acme', 'notion'], { input: 'ntn_secret-of-acme\n' });
    expect((await stack.run(['apply', '--yes'])).stdout).toMatchInlineSnapshot(`
      "Tenant acme
        + airbyte:source acme-notion
        + airbyte:connection acme-notion
        + airbyte:first-sync acme-notion

      Plan: 3 to create; 16 up to date.
      Applied: 3 created, 16 unchanged.
      "
    `);

    await stack.write('tenants/acme.yaml', tenantYaml('acme', { database: { connectionLimit: 20 } }));
    expect((await stack.run(['plan'])).stdout).toMatchInlineSnapshot(`
      "Tenant acme
        - airbyte:connection acme-notion
        - airbyte:source acme-notion
        - vault:credential acme/notion
        ~ vault:transit-key acme
            rotation: every 30d → every 90d

      Plan: 1 to update, 3 to delete; 14 up to date.
      \`tenantry apply --stack life\` makes these changes.
      "
    `);
  });

  it('shows a refusal with its reason, does the rest, and ends with 1', async () => {
    await environment.sql('CREATE SCHEMA tenant_taken');
    const stack = await environment.stack('refusal', { 'tenants/taken.yaml': tenantYaml('taken') });
    const planned = await stack.run(['plan']);
    expect(planned.code).toBe(1);
    expect(planned.stdout).toMatchInlineSnapshot(`
      "Tenant taken
        + vault:claim taken
        + vault:policy tenant-taken
        + vault:auth-role approle/tenant-taken
        + vault:transit-key taken
        + vault:generated-secret _platform/postgres/taken
        + postgres:role tenant_taken_loader
        + postgres:role tenant_taken_reader
        ! postgres:schema tenant_taken
            NotOwned: postgres:schema tenant_taken is there already, and Tenantry did not make it
            → set adopt: true in the document to take it over, or remove or rename the object
        + airbyte:workspace taken

      Plan: 8 to create, 1 refused, 2 depend on what is refused; 4 up to date.
      1 thing is refused; apply leaves it as it is and does the rest.
      "
    `);
    const applied = await stack.run(['apply', '--yes']);
    expect(applied.code).toBe(1);
    const after = applied.stdout.slice(applied.stdout.indexOf('Plan:'));
    expect(after).toMatchInlineSnapshot(`
      "Plan: 8 to create, 1 refused, 2 depend on what is refused; 4 up to date.
      Not everything was applied: 8 created, 1 refused as the plan says, 2 not done because of those, 4 unchanged. Clear what is in the way, then run the command again.
      "
    `);
    expect(applied.stdout.match(/tenant_taken is there already/g)).toHaveLength(1);
    await environment.sql('DROP SCHEMA tenant_taken');
    expect((await stack.run(['apply', '--yes'])).code).toBe(0);
    expect((await stack.run(['plan'])).code).toBe(0);
  });
});

describe('for programs', () => {
  it('each command writes one JSON document, and its exit code says what it says', async () => {
    const stack = await environment.stack('programs', {
      'tenants/p1.yaml': tenantYaml('p1') + integrationYaml('p1', 'notion', USERS),
    });
    const before = await stack.json<PlanDocument>(['plan']);
    expect(before.code).toBe(2);
    expect(before.json.changes).toBe(before.json.summary['create']);
    expect(before.json.steps.filter(({ action }) => action === 'create')).toHaveLength(before.json.changes);

    const unconfirmed = await stack.json<ErrorDocument>(['apply']);
    expect(unconfirmed).toMatchObject({ code: 1, json: { error: { code: 'ConfirmationRequired' } } });
    expect(unconfirmed.json.error.hint).toBe('pass --yes');

    const applied = await stack.json<ApplyDocument>(['apply', '--yes']);
    expect(applied).toMatchObject({ code: 0, json: { ok: true, applied: before.json.changes } });
    const again = await stack.json<ApplyDocument>(['apply', '--yes']);
    expect(again).toMatchObject({ code: 0, json: { ok: true, applied: 0 } });
    expect(await stack.json(['status'])).toMatchObject({
      code: 0,
      json: { changes: 0, refused: 0, summary: { waiting: 1 }, integrations: [{ status: 'waiting' }] },
    });
    expect(await stack.json(['validate'])).toMatchObject({
      code: 0,
      json: { ok: true, tenants: 1, integrations: 1 },
    });
  });
});

describe('--tenant', () => {
  it('narrows plan, apply and status', async () => {
    const stack = await environment.stack('narrow', {
      'tenants/n1.yaml': tenantYaml('n1') + integrationYaml('n1', 'notion', USERS),
      'tenants/n2.yaml': tenantYaml('n2') + integrationYaml('n2', 'notion', USERS),
    });
    const tenants = (document: PlanDocument): unknown[] =>
      [...new Set(document.steps.map((step) => step.tenant))].filter((tenant) => tenant !== undefined);
    expect(tenants((await stack.json<PlanDocument>(['plan', '--tenant', 'n1'])).json)).toEqual(['n1']);
    expect((await stack.run(['plan', '--tenant', 'n1'])).stdout).toContain(
      '`tenantry apply --tenant n1 --stack narrow` makes these changes.',
    );
    await stack.run(['apply', '--yes', '--tenant', 'n1']);
    expect(tenants((await stack.json<PlanDocument>(['plan'])).json)).toEqual(['n1', 'n2']);
    expect(await stack.json(['status', '--tenant', 'n1'])).toMatchObject({
      code: 0,
      json: { integrations: [{ tenant: 'n1', status: 'waiting' }] },
    });
  });

  it.each(['plan', 'apply', 'status', 'credentials list', 'credentials encrypt'])(
    'of %s suggests the nearest name for an unknown one',
    async (command) => {
      const stack = await environment.stack('suggest', { 'tenants/initech.yaml': tenantYaml('initech') });
      expect(await stack.run([...command.split(' '), '--tenant', 'initek'])).toEqual({
        code: 1,
        stdout: '',
        stderr: 'InvalidUsage: there is no tenant "initek" in this stack\n  → did you mean "initech"?\n',
      });
      expect((await stack.run([...command.split(' '), '--tenant', 'zzz'])).stderr).toContain(
        'tenants: initech',
      );
    },
  );
});

describe('with many tenants', () => {
  it('a plan is short, and status shows what needs a look', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `many-${String(index).padStart(2, '0')}`);
    const stack = await environment.stack(
      'many',
      Object.fromEntries(
        names.map((name) => [
          `tenants/${name}.yaml`,
          tenantYaml(name) + integrationYaml(name, 'notion', USERS),
        ]),
      ),
    );
    const planned = await stack.run(['plan']);
    expect(planned.stdout.split('\n').length).toBeLessThan(30);
    expect(planned.stdout).toContain('60 tenants, the same for each <tenant>: many-00, many-01');
    const applied = await stack.run(['apply', '--yes']);
    expect(applied.stderr).toContain('(100%)');
    const { stdout } = await stack.run(['status']);
    expect(stdout.split('\n').length).toBeLessThan(50);
    expect(stdout).toContain('60 integrations: 60 waiting. 20 not shown: --all shows them.');
    expect((await stack.run(['status', '--all'])).stdout.split('\n').length).toBeGreaterThan(60);
  });
});

describe('status', () => {
  it('tells of changes that belong to no integration', async () => {
    const stack = await environment.stack('lonely', { 'tenants/lonely.yaml': tenantYaml('lonely') });
    const { code, stdout } = await stack.run(['status']);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^0 integrations\. \d+ changes to apply: see `tenantry plan --stack lonely`\.\n$/);
  });

  it('tells of a failed sync and where to look', async () => {
    const stack = await environment.stack('failed-sync', {
      'tenants/fs.yaml': tenantYaml('fs') + integrationYaml('fs', 'notion', USERS),
    });
    await stack.run(['apply', '--yes']);
    await stack.run(['credentials', 'set', 'fs', 'notion'], { input: 'ntn_wrong-token-of-fs' });
    await stack.run(['apply', '--yes']);
    await expect
      .poll(async () => (await stack.run(['status'])).stdout)
      .toContain('failed, 0 rows  see the log of the last job of connection fs-notion in Airbyte');
  });

  it('ends with 1 when something is refused', async () => {
    await environment.sql('CREATE ROLE tenant_st_loader');
    const stack = await environment.stack('status-refused', {
      'tenants/st.yaml': tenantYaml('st') + integrationYaml('st', 'notion', USERS),
    });
    const { code, stdout } = await stack.run(['status']);
    expect(code).toBe(1);
    expect(stdout).toContain('1 refused');
    expect(stdout).toContain('postgres:role tenant_st_loader is there already');
  });
});

describe('two applies at once', () => {
  it('the second waits, says so, and finds nothing to do', async () => {
    const stack = await environment.stack('twice', { 'tenants/tw.yaml': tenantYaml('tw') });
    const waiting = Promise.withResolvers<void>();
    let held = false;
    environment.systems.vaultProxy.fault = async ({ method }): Promise<Fault> => {
      // The first writes only when the second has said that it waits.
      if (method === 'POST' && !held) {
        held = true;
        await waiting.promise;
      }
      return 'pass';
    };
    const run = (): Promise<{ code: number; stdout: string; stderr: string }> =>
      stack.run(['apply', '--yes'], {
        onErr: (text) => {
          if (text.includes('another apply')) waiting.resolve();
        },
      });
    const results = await Promise.all([run(), run()]);
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    const [second, first] = results.toSorted((a, b) => a.stdout.length - b.stdout.length);
    expect(first?.stdout).toContain('Applied:');
    expect(second?.stdout).toMatch(/^No changes: \d+ up to date\.\n$/);
    expect(second?.stderr).toContain('another apply of this stack is running; waiting for it');
  });
});

describe('Vault sealed in the middle of an apply', () => {
  it('is told once with the next step, and after unsealing the next run finishes', async () => {
    const names = ['s1', 's2', 's3', 's4', 's5', 's6'];
    const stack = await environment.stack('sealed', {
      'platform.yaml': platformYaml('sealed'),
      ...Object.fromEntries(names.map((name) => [`tenants/${name}.yaml`, tenantYaml(name)])),
    });
    let writes = 0;
    environment.systems.vaultProxy.fault = ({ method }) => {
      if (method === 'POST' && ++writes === 8) environment.systems.vault.seal();
      return 'pass';
    };
    const { code, stdout, stderr } = await stack.run(['apply', '--yes']);
    expect(code).toBe(1);
    const told = stdout.slice(stdout.indexOf('Plan:'));
    expect(told.match(/VaultSealed: /g)).toHaveLength(1);
    expect(told).toContain('→ unseal Vault, then run the command again');
    expect(told).toContain('Run the command again to go on where it ended.');
    expect(stderr.match(/trying again/g)).toHaveLength(1);
    environment.calm();
    expect((await stack.run(['apply', '--yes'])).code).toBe(0);
    expect((await stack.run(['plan'])).stdout).toMatch(/^No changes: \d+ up to date\.\n$/);
  });
});
