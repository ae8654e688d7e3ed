import * as pulumi from '@pulumi/pulumi';
import * as vault from '@pulumi/vault';
import { beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import * as tenantry from '../../src/pulumi/index.ts';
import { type MockOptions, record } from '../support/pulumi-mocks.ts';
import { SECRETS, setEnvironment } from '../support/pulumi-program.ts';

beforeEach(setEnvironment);

/** The value of an output, once it is known. */
function known<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply((value) => resolve(value as T)));
}

/** Rejections that nobody handles: by these alone Pulumi learns that the run failed. */
async function unheard(program: () => unknown, options?: MockOptions): Promise<unknown[]> {
  const others = process.listeners('unhandledRejection');
  const heard: unknown[] = [];
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', (error) => heard.push(error));
  try {
    await record(program, options);
    // Node tells of them when all microtasks are done.
    await new Promise(setImmediate);
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const each of others) process.on('unhandledRejection', each);
  }
  return heard;
}

describe('a program of one’s own', () => {
  test('makes a tenant and an integration without any document', async () => {
    const { result, of, logs } = await record(() => {
      const platform = new tenantry.Platform('prod', { vault: { tenantAuth: { method: 'kubernetes' } } });
      const acme = new tenantry.Tenant('acme', { platform, database: { schema: 'customer_acme' } });
      const notion = new tenantry.TenantIntegration('acme-notion', {
        tenant: acme,
        integration: 'notion',
        sync: { schedule: 'H * * * *' },
      });
      return { acme, notion };
    });
    const { acme, notion } = result;
    expect(await known(acme.schema)).toBe('customer_acme');
    expect(await known(acme.policyName)).toBe('tenant-acme');
    expect(await known(acme.destinationId)).toBe('acme-destination-id');
    expect(await known(notion.sourceId)).toBe('acme-notion-source-id');
    expect(await known(notion.connectionId)).toBe('acme-notion-connection-id');
    expect(await known(notion.connected)).toBe(true);
    expect(await known(notion.waiting)).toBeUndefined();
    expect([...of('vault:kubernetes/authBackendRole:AuthBackendRole').keys()]).toEqual(['acme-auth-role']);
    expect(logs).toEqual([]);
  });

  test('an integration that waits says what for, and what a person does', async () => {
    vi.stubEnv('TENANTRY_CONNECT_PAGE', 'http://127.0.0.1:4000/connect');
    const { result, of } = await record(
      () => {
        const tenant = new tenantry.Tenant('acme', { platform: new tenantry.Platform('prod') });
        return new tenantry.TenantIntegration('acme-notion', { tenant, integration: 'notion' });
      },
      { credentials: { 'acme/notion': { connected: false } } },
    );
    expect(await known(result.connected)).toBe(false);
    expect(await known(result.connectUrl)).toBe('http://127.0.0.1:4000/connect/acme/notion');
    expect(await known(result.waiting)).toBe(
      'waiting for acme to connect notion: connect at http://127.0.0.1:4000/connect/acme/notion',
    );
    expect(await known(result.sourceId)).toBeUndefined();
    expect(of('tenantry:index:Source').size).toBe(0);
  });

  test('without a page to connect at, a person is told the command that stores a token for this driver', async () => {
    vi.stubEnv('TENANTRY_URL', '');
    const { result } = await record(
      () => {
        const tenant = new tenantry.Tenant('acme', { platform: new tenantry.Platform('prod') });
        return new tenantry.TenantIntegration('acme-notion', { tenant, integration: 'notion' });
      },
      { credentials: { 'acme/notion': { connected: false } } },
    );
    expect(await known(result.nextStep)).toMatch(
      /: tenantry credentials set acme notion --owner pulumi:[^/ ]+\/[^/ ]+$/,
    );
  });

  test('tenants without a platform share one that the environment describes', async () => {
    const { of } = await record(async () => {
      vi.resetModules();
      const fresh = await import('../../src/pulumi/index.ts');
      return [new fresh.Tenant('acme'), new fresh.Tenant('globex', { deletionPolicy: 'Delete' })];
    });
    expect(of('tenantry:index:Platform').size).toBe(1);
    expect(of('vault:index/mount:Mount').size).toBe(2);
    expect(of('postgresql:index/schema:Schema').size).toBe(2);
  });

  test('a namespace of an integration is a schema of its tenant, made before the connection', async () => {
    const { one, resources } = await record(() => {
      const tenant = new tenantry.Tenant('acme', { platform: new tenantry.Platform('prod') });
      const sync = { namespace: 'acme_raw' };
      return [
        new tenantry.TenantIntegration('acme-notion', { tenant, integration: 'notion', sync }),
        new tenantry.TenantIntegration('acme-airtable', { tenant, integration: 'airtable', sync }),
      ];
    });
    expect(resources.filter(({ name }) => name === 'acme.acme_raw')).toHaveLength(1);
    const schema = one('postgresql:index/schema:Schema', 'acme.acme_raw');
    expect(schema.parent).toBe(one('tenantry:index:Tenant', 'acme').urn);
    const byUrn = new Map(resources.map((each) => [each.urn, each]));
    const comesAfter = (urn: string): boolean =>
      urn === schema.urn || (byUrn.get(urn)?.dependencies ?? []).some(comesAfter);
    expect(comesAfter(one('tenantry:index:Connection', 'acme-notion-connection').urn)).toBe(true);
  });

  test('protect on a component is said to the engine, and providers of the program’s own are used', async () => {
    vi.stubEnv('VAULT_TOKEN', '');
    const { one, of } = await record(() => {
      const provider = new vault.Provider('own', {
        address: 'https://vault.example.com',
        token: 'canary-own',
      });
      const platform = new tenantry.Platform(
        'prod',
        { vault: { auth: { method: 'token', token: '${ENV:OTHER}' } } },
        {
          providers: { vault: provider, tenantry: new tenantry.Provider('own') },
        },
      );
      return new tenantry.Tenant('acme', { platform }, { protect: true });
    });
    expect(one('tenantry:index:Tenant', 'acme').protect).toBe(true);
    expect(one('postgresql:index/schema:Schema', 'acme-schema').protect).toBe(true);
    expect(one('vault:index/policy:Policy', 'acme-policy').provider).toContain('::own::');
    expect([...of('pulumi:providers:vault').keys()]).toEqual(['own']);
    expect([...of('pulumi:providers:postgresql').keys()]).toEqual(['prod']);
  });

  test('a secret reaches a provider as a secret only where the plugin cannot find it by itself', async () => {
    vi.stubEnv('OTHER_PASSWORD', 'canary-other-password');
    const { one } = await record(
      () => new tenantry.Platform('prod', { postgres: { password: '${ENV:OTHER_PASSWORD}' } }),
    );
    expect(JSON.stringify(one('pulumi:providers:vault', 'prod').inputs)).not.toContain(SECRETS.VAULT_TOKEN);
    const { password } = one('pulumi:providers:postgresql', 'prod').inputs;
    expect(password).toMatchObject({
      '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
    });
  });
});

describe('arguments', () => {
  const failure = (program: () => unknown): Promise<string> =>
    record(program).then(
      () => 'no failure',
      (error: unknown) => {
        expect(pulumi.RunError.isInstance(error)).toBe(true);
        return String((error as Error).message);
      },
    );

  test('are checked by the rules of documents, with the path of the field', async () => {
    const platform = (): tenantry.Platform => new tenantry.Platform('prod');
    expect(
      await failure(
        () => new tenantry.Tenant('acme', { platform: platform(), database: { schema: 'pg_own' } }),
      ),
    ).toMatch(/^Tenant acme: spec\.database\.schema: must not begin with "pg_"/);
    expect(await failure(() => new tenantry.Tenant('Acme Inc', { platform: platform() }))).toMatch(
      /^Tenant Acme Inc: metadata\.name: /,
    );
    const misspelt = { deletePolicy: 'Retain' } as tenantry.TenantArgs;
    expect(await failure(() => new tenantry.Tenant('acme', { platform: platform(), ...misspelt }))).toMatch(
      /unknown field "deletePolicy".*deletionPolicy/,
    );
    expect(
      await failure(
        () => new tenantry.Platform('prod', { vault: { auth: { method: 'token', token: 's.live' } } }),
      ),
    ).toMatch(/^Platform prod: spec\.vault\.auth\.token: .*reference/);
  });

  test('of an integration are checked against the catalog, and a mistake fails a program that does not wait', async () => {
    const [error, ...others] = await unheard(() => {
      const tenant = new tenantry.Tenant('acme', { platform: new tenantry.Platform('prod') });
      return new tenantry.TenantIntegration('acme-github', { tenant, integration: 'github' });
    });
    expect(others).toEqual([]);
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(
      /^TenantIntegration acme-github: spec\.config\.repositories: is required by github.*correct the arguments/s,
    );
  });

  test('a platform whose systems refuse fails a program that does not wait', async () => {
    const failing = { 'tenantry:index:getShared secret': new Error('NotOwned: somebody made it') };
    const heard = await unheard(() => new tenantry.Platform('prod'), { failing });
    expect(heard.map(String)).toEqual([expect.stringContaining('somebody made it')]);
  });

  test('of several tenants are checked together, as documents of a stack are', async () => {
    const message = await failure(() => {
      const platform = new tenantry.Platform('prod');
      const database = { schema: 'customers' };
      return [
        new tenantry.Tenant('acme', { platform, database }),
        new tenantry.Tenant('globex', { platform, database }),
      ];
    });
    expect(message).toMatch(/^Tenant globex: spec\.database\.schema: .*acme/);
  });

  test('have the types of the documents', () => {
    expectTypeOf<tenantry.TenantArgs['deletionPolicy']>().toEqualTypeOf<'Retain' | 'Delete' | undefined>();
    expectTypeOf<tenantry.TenantArgs['platform']>().toEqualTypeOf<tenantry.Platform | undefined>();
    expectTypeOf<tenantry.TenantIntegrationArgs['tenant']>().toEqualTypeOf<tenantry.Tenant>();
    expectTypeOf<tenantry.TenantIntegrationArgs['integration']>().toEqualTypeOf<string>();
    expectTypeOf<{ integration: 'notion' }>().not.toExtend<tenantry.TenantIntegrationArgs>();
    expectTypeOf<{ quotas: { syncsPerDay: string } }>().not.toExtend<tenantry.TenantArgs>();
    expectTypeOf<tenantry.PlatformArgs>().toExtend<{ vault?: object | undefined }>();
    expectTypeOf<tenantry.Tenant['schema']>().toEqualTypeOf<pulumi.Output<string>>();
    expectTypeOf<tenantry.TenantIntegration['sourceId']>().toEqualTypeOf<pulumi.Output<string | undefined>>();
  });
});
