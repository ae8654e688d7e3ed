/** A look at some of the tenants finds of them what a look at all finds, costs less, and is not fooled by hints. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LookOptions } from '../../src/reconcile/observe.ts';
import { RECALLED_KINDS } from '../../src/reconcile/recall.ts';
import { isChange } from '../../src/reconcile/step.ts';
import type { WorkspaceObserved } from '../../src/resources/airbyte/workspace.ts';
import { sql } from '../support/sql.ts';
import {
  applyOnce,
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  type OpenWorld,
  openWorld,
  type Planned,
  planOnce,
  platformYaml,
  type Stack,
  type Systems,
  startSystems,
  tenantYaml,
} from '../support/world.ts';

const TENANTS = ['acme', 'globex', 'initech'] as const;
const sync = { streams: [{ name: 'pages' }], initialSync: false };
const jira = {
  config: { domain: 'acme.atlassian.net', email: 'a@b.example', api_token: '${ENV:JIRA_TOKEN}' },
  sync: { streams: [{ name: 'projects' }], initialSync: false },
};
const env = { JIRA_TOKEN: 'canary-jira-token' };

let systems: Systems;
let stack: Stack;
let open: OpenWorld;

beforeAll(async () => {
  systems = await startSystems();
  stack = await documentsOf(
    platformYaml() +
      TENANTS.map(
        (name) =>
          tenantYaml(name) + integrationYaml(name, 'notion', { sync }) + integrationYaml(name, 'jira', jira),
      ).join(''),
  );
  open = await openWorld(systems, stack, { env });
  await mustApply(systems, stack, { env });
  for (const tenant of TENANTS) await connectTenant(open.world, { tenant, integration: 'notion' });
  await mustApply(systems, stack, { env });
});
afterEach(() => {
  systems.vaultProxy.fault = undefined;
  systems.airbyteProxy.fault = undefined;
  systems.vaultProxy.status = 500;
  systems.airbyteProxy.status = 500;
});
afterAll(async () => {
  await open.close();
  await systems.close();
});

const plan = (only: readonly string[] | undefined, look: LookOptions = {}): Promise<Planned> =>
  planOnce(systems, stack, { env, ...(only && { only: new Set(only) }), ...look });

function workspaceIds(planned: Planned): Map<string, string> {
  const found = planned.observation.objects.get('airbyte:workspace') ?? new Map();
  return new Map(
    [...found].flatMap(([key, observed]) =>
      observed.mark ? [[key, (observed as WorkspaceObserved).workspaceId] as const] : [],
    ),
  );
}

const hintsNow = async (): Promise<LookOptions> => ({
  hints: { workspaceIds: workspaceIds(await plan(undefined)) },
});

interface Named {
  readonly name: string;
  readonly workspaceId: string;
  readonly sourceId?: string;
  readonly connectionId?: string;
}

const listed = (path: string): Promise<Named[]> => open.world.airbyte.listAll<Named>(path);
const ofTenant = async (path: string, tenant: string): Promise<Named[]> =>
  (await listed(path)).filter(({ name }) => name.endsWith(`/${tenant}]`));
const oneOf = async (path: string, tenant: string): Promise<Named> => {
  const [found] = await ofTenant(path, tenant);
  if (!found) throw new Error(`nothing of ${tenant} under ${path}`);
  return found;
};

const writeClaim = (tenant: string, deletion: string): Promise<unknown> =>
  open.world.vault.write(`secret/data/${tenant}/_tenantry`, {
    data: { owner: 'cli:dev', deletion, auth_role: `auth/approle/role/tenant-${tenant}` },
  });

/** Ways in which the world of a tenant comes to differ from its documents. */
const DRIFTS: Record<string, (tenant: string) => Promise<unknown>> = {
  'a policy is gone': (tenant) => open.world.vault.delete(`sys/policies/acl/tenant-${tenant}`),
  'a role is gone': (tenant) => open.world.vault.delete(`auth/approle/role/tenant-${tenant}`),
  'a claim says another policy': (tenant) => writeClaim(tenant, 'Delete'),
  'a key is rotated less often': (tenant) =>
    open.world.vault.write(`transit/keys/${tenant}/config`, { auto_rotate_period: '9000h' }),
  'a credential of ours that nobody names': (tenant) =>
    open.world.vault.write(`secret/metadata/${tenant}/slack`, {
      custom_metadata: { tenantry_owner: 'cli:dev', tenantry_tenant: tenant, tenantry_deletion: 'Delete' },
    }),
  'a role may log in': (tenant) => sql(systems, `ALTER ROLE tenant_${tenant}_reader LOGIN`),
  'a schema of ours that nobody names': (tenant) =>
    sql(
      systems,
      `CREATE SCHEMA IF NOT EXISTS extra_${tenant}; COMMENT ON SCHEMA extra_${tenant} IS 'tenantry: owner=cli:dev tenant=${tenant} deletion=Retain'`,
    ),
  'a role of ours that nobody names': (tenant) =>
    sql(
      systems,
      `CREATE ROLE extra_${tenant}; COMMENT ON ROLE extra_${tenant} IS 'tenantry: owner=cli:dev tenant=${tenant} deletion=Retain'`,
    ),
  'a right was granted': (tenant) => sql(systems, `GRANT USAGE ON SCHEMA tenant_${tenant} TO PUBLIC`),
  'a connection is paused': async (tenant) => {
    const { connectionId } = await oneOf('/connections', tenant);
    return open.world.airbyte.patch(`/connections/${connectionId}`, { status: 'inactive' });
  },
  'a source is gone': async (tenant) =>
    open.world.airbyte.delete(`/sources/${(await oneOf('/sources', tenant)).sourceId}`),
  'a source is there twice': async (tenant) => {
    const { name, workspaceId } = await oneOf('/sources', tenant);
    const configuration = { sourceType: 'jira', domain: 'x.example', email: 'x@y.example', api_token: 'x' };
    return open.world.airbyte.post('/sources', { name, workspaceId, configuration });
  },
  'a workspace is gone': async (tenant) =>
    open.world.airbyte.delete(`/workspaces/${(await oneOf('/workspaces', tenant)).workspaceId}`),
  'a workspace is there twice': (tenant) =>
    open.world.airbyte.post('/workspaces', { name: `${tenant} [tenantry:cli:dev/${tenant}]` }),
};

/** What a plan says of a tenant, without the order in which lists came. */
function said(planned: Planned, tenant: string): string[] {
  return planned.steps
    .filter((step) => step.tenant === tenant)
    .map(({ id, action, changes }) => `${action} ${id} ${JSON.stringify(changes)}`)
    .sort();
}

describe('a look at one tenant', () => {
  /** Lets the tenant drift, compares each look at one tenant with the look at all, and repairs. */
  async function expectSameSaid(drifts: readonly string[], drifted: string): Promise<void> {
    const hints = await hintsNow();
    // Of two drifts the first may have taken away what the second changes.
    for (const name of drifts) await DRIFTS[name]?.(drifted).catch(() => undefined);
    const all = await plan(undefined);
    for (const each of TENANTS) {
      expect(said(await plan([each]), each)).toEqual(said(all, each));
      // Two workspaces of one name are told apart only where all are listed.
      if (drifts.includes('a workspace is there twice')) continue;
      expect(said(await plan([each], hints), each)).toEqual(said(all, each));
    }
    await mustApply(systems, stack, { env });
  }

  test.each(Object.keys(DRIFTS))('says of it what a look at all says, where %s', async (drift) => {
    const quiet = said(await plan(undefined), 'acme');
    await DRIFTS[drift]?.('acme');
    expect(said(await plan(undefined), 'acme')).not.toEqual(quiet);
    await mustApply(systems, stack, { env });
    await expectSameSaid([drift], 'acme');
  });

  test('says of it what a look at all says, whatever comes together', async () => {
    const drifts = fc.uniqueArray(fc.constantFrom(...Object.keys(DRIFTS)), { minLength: 2, maxLength: 4 });
    await fc.assert(fc.asyncProperty(drifts, fc.constantFrom(...TENANTS), expectSameSaid), { numRuns: 8 });
    expect((await plan(undefined)).changes).toEqual([]);
  });

  test('says the same of one whose claim is gone', async () => {
    await open.world.vault.delete('secret/metadata/acme/_tenantry');
    const all = await plan(undefined);
    expect(all.steps.find((step) => step.id === 'vault:claim/acme')).toMatchObject({
      action: 'refuse',
      problem: {
        message:
          'the Transit key acme and the role auth/approle/role/tenant-acme is there already, and Tenantry did not make it',
      },
    });
    expect(said(await plan(['acme']), 'acme')).toEqual(said(all, 'acme'));
    await writeClaim('acme', 'Retain');
    expect((await plan(['acme'])).changes).toEqual([]);
  });

  test('costs a few calls and lists nothing as a whole', async () => {
    const hints = await hintsNow();
    systems.vaultProxy.clear();
    systems.airbyteProxy.clear();
    expect((await plan(['acme'], hints)).changes).toEqual([]);
    const vault = systems.vaultProxy.seen.map(({ path }) => path);
    expect(
      vault.filter((path) =>
        /^\/v1\/(sys\/policies\/acl|auth\/approle\/role|transit\/keys|secret\/metadata)\/?\?/.test(path),
      ),
    ).toEqual([]);
    expect(
      systems.airbyteProxy.seen.filter(
        ({ method, path }) => method === 'GET' && !path.includes('workspaceIds='),
      ),
    ).toEqual([]);
    // Three statements for Postgres come on top.
    expect(vault.length + systems.airbyteProxy.seen.length).toBeLessThanOrEqual(22);
  });

  test('reads no more of Vault than the claim and the credentials when it is light, and finds the same', async () => {
    const hints = await hintsNow();
    const { observation } = await plan(['acme', 'globex'], hints);
    const light = {
      ...hints,
      light: true,
      recalled: { kinds: RECALLED_KINDS, objects: observation.objects },
    };
    systems.vaultProxy.clear();
    expect((await plan(['acme', 'globex'], light)).changes).toEqual([]);
    const paths = systems.vaultProxy.seen
      .map(({ path }) => path)
      .filter((path) => !/fingerprint|lookup-self/.test(path));
    expect(paths.sort()).toEqual(
      ['acme', 'globex']
        .flatMap((tenant) => [
          `/v1/secret/data/${tenant}/_tenantry`,
          `/v1/secret/metadata/${tenant}/jira`,
          `/v1/secret/metadata/${tenant}/notion`,
        ])
        .sort(),
    );
    for (const drift of ['a connection is paused', 'a role may log in', 'a claim says another policy']) {
      await DRIFTS[drift]?.('acme');
      const found = await plan(['acme', 'globex'], light);
      expect(found.steps.filter(isChange).map((step) => step.tenant)).toEqual(['acme']);
      await mustApply(systems, stack, { env });
    }
  });

  test('leaves a credential that nobody names to the next full look when it is light', async () => {
    await DRIFTS['a credential of ours that nobody names']?.('acme');
    expect((await plan(['acme'], { light: true })).changes).toEqual([]);
    expect((await plan(['acme'])).changes).toEqual(['vault:credential/acme/slack']);
    await mustApply(systems, stack, { env });
  });
});

describe('hints', () => {
  const HINTS: Record<string, (tenant: string) => Promise<string>> = {
    right: async (tenant) => (await oneOf('/workspaces', tenant)).workspaceId,
    'of nothing': async () => '00000000-0000-4000-8000-000000000000',
    'no id at all': async () => 'no id',
    'of another tenant': async (tenant) =>
      (await oneOf('/workspaces', tenant === 'acme' ? 'globex' : 'acme')).workspaceId,
    'of somebody else with the same tenant': async (tenant) =>
      (
        await open.world.airbyte.post<Named>('/workspaces', {
          name: `${tenant} [tenantry:cli:other/${tenant}]`,
        })
      ).workspaceId,
    'of an unmarked one with the same name': async (tenant) =>
      (await open.world.airbyte.post<Named>('/workspaces', { name: tenant })).workspaceId,
    'of a deleted one': async (tenant) => {
      const name = `${tenant} [tenantry:cli:dev/${tenant}]`;
      const { workspaceId } = await open.world.airbyte.post<Named>('/workspaces', { name });
      await open.world.airbyte.delete(`/workspaces/${workspaceId}`);
      return workspaceId;
    },
  };

  async function removeStrays(): Promise<void> {
    for (const { name, workspaceId } of await listed('/workspaces')) {
      if (!name.includes('cli:dev/')) await open.world.airbyte.delete(`/workspaces/${workspaceId}`);
    }
  }

  /** Applies with these hints and expects that nothing is done, made or refused. */
  async function expectQuiet(choices: readonly (string | undefined)[]): Promise<void> {
    const before = await listed('/workspaces');
    const workspaceIds = new Map<string, string>();
    for (const [index, tenant] of TENANTS.entries()) {
      const id = await HINTS[choices[index] ?? '']?.(tenant);
      if (id !== undefined) workspaceIds.set(tenant, id);
    }
    const { steps } = await applyOnce(systems, stack, {
      env,
      only: new Set(TENANTS),
      hints: { workspaceIds },
    });
    expect(steps.filter((step) => step.action !== 'none' && step.action !== 'keep')).toEqual([]);
    await removeStrays();
    expect(await listed('/workspaces')).toEqual(before);
  }

  test.each(Object.keys(HINTS))('%s, where those of all others are right, change nothing', (kind) =>
    expectQuiet(['right', kind, 'right']),
  );

  test('that are wrong in any way change nothing and make nothing twice', async () => {
    const choice = fc.constantFrom(undefined, ...Object.keys(HINTS));
    await fc.assert(fc.asyncProperty(fc.tuple(choice, choice, choice), expectQuiet), { numRuns: 12 });
    for (const path of ['/sources', '/connections'])
      for (const tenant of TENANTS) expect(await ofTenant(path, tenant)).toHaveLength(2);
  });

  test('of a workspace that was deleted meanwhile let it be made once, with all that belongs in it', async () => {
    const hints = await hintsNow();
    await DRIFTS['a workspace is gone']?.('globex');
    await mustApply(systems, stack, { env, only: new Set(['globex']), ...hints });
    // The hint is stale now, and stays so.
    const again = await mustApply(systems, stack, { env, only: new Set(['globex']), ...hints });
    expect(again.changes).toEqual([]);
    const counts = ['/workspaces', '/destinations', '/sources', '/connections'].map(
      async (path) => (await ofTenant(path, 'globex')).length,
    );
    expect(await Promise.all(counts)).toEqual([1, 1, 2, 2]);
  });
});

test('of a tenant that goes nothing is left, wherever the hints point', async () => {
  const yaml = platformYaml('goes') + tenantYaml('goes', { deletionPolicy: 'Delete' });
  await mustApply(systems, yaml);
  const hints = { workspaceIds: workspaceIds(await planOnce(systems, yaml)) };
  await open.world.airbyte.post('/workspaces', { name: 'goes [tenantry:cli:goes/goes]' });
  const goes = new Set(['goes']);
  await mustApply(systems, yaml, { only: goes, leaving: goes, confirmed: goes, hints });
  expect(await ofTenant('/workspaces', 'goes')).toEqual([]);
});

describe('where all tenants share one workspace', () => {
  test('a look at one finds its objects, and a change between the two modes leaves nothing behind', async () => {
    const { workspaceId } = await open.world.airbyte.post<Named>('/workspaces', { name: 'everybody' });
    const body = tenantYaml('hooli') + integrationYaml('hooli', 'jira', jira) + tenantYaml('aviato');
    const shared = platformYaml('shared', { airbyte: { workspace: 'Shared', workspaceId } }) + body;
    const apart = platformYaml('shared') + body;
    const only = { env, only: new Set(['hooli']) };
    await mustApply(systems, shared, { env });
    expect((await planOnce(systems, shared, only)).changes).toEqual([]);
    const [source] = await ofTenant('/sources', 'hooli');
    expect(source?.workspaceId).toBe(workspaceId);
    await open.world.airbyte.delete(`/sources/${source?.sourceId}`);
    const repaired = await mustApply(systems, shared, only);
    expect(repaired.ids('created')).toContain('airbyte:source/hooli-jira');

    await mustApply(systems, apart, only);
    const moved = await planOnce(systems, apart, only);
    expect(moved.changes).toEqual([]);
    const inOwn = async (): Promise<unknown[]> => {
      const own = (await ofTenant('/workspaces', 'hooli')).map((item) => item.workspaceId);
      const all = [...(await ofTenant('/sources', 'hooli')), ...(await ofTenant('/connections', 'hooli'))];
      return [own.length, all.length, all.filter((item) => own.includes(item.workspaceId)).length];
    };
    expect(await inOwn()).toEqual([1, 2, 2]);

    const hints = { workspaceIds: workspaceIds(moved) };
    await mustApply(systems, shared, { ...only, hints });
    expect(await inOwn()).toEqual([0, 2, 0]);
    expect((await planOnce(systems, shared, { ...only, hints })).changes).toEqual([]);
  });
});

describe('a look that fails for one tenant', () => {
  const perTenant = { timeoutMs: 10_000 };

  /** acme could not be read, and of the others everything is planned. */
  function expectOnlyAcmeMissing(planned: Planned, code: string): void {
    expect([...planned.observation.failures].map(([tenant, error]) => [tenant, error.code])).toEqual([
      ['acme', code],
    ]);
    expect(planned.steps.filter((step) => step.tenant === 'acme')).toEqual([]);
    expect(planned.graph.resources().some((resource) => resource.tenant === 'acme')).toBe(false);
    expect(planned.changes).toEqual([]);
    for (const tenant of ['globex', 'initech']) {
      expect(planned.steps.filter((step) => step.tenant === tenant).length).toBeGreaterThan(10);
    }
  }

  test.each([
    ['a claim', /\/secret\/data\/acme\/_tenantry$/],
    ['a key', /\/transit\/keys\/acme$/],
    ['a policy', /\/sys\/policies\/acl\/tenant-acme$/],
    ['a role', /\/auth\/approle\/role\/tenant-acme$/],
    ['a password', /\/metadata\/_platform\/postgres\/acme$/],
    ['a folder', /\/metadata\/acme\/?\?list=true$/],
    ['a credential', /\/metadata\/acme\/notion$/],
  ])('in Vault at %s leaves it out and plans the others', async (_what, path) => {
    systems.vaultProxy.status = 403;
    systems.vaultProxy.fault = (request) => (path.test(request.path) ? 'before' : 'pass');
    expectOnlyAcmeMissing(await plan(TENANTS, { perTenant }), 'VaultForbidden');
    expectOnlyAcmeMissing(await plan(undefined, { perTenant }), 'VaultForbidden');
    await expect(plan(TENANTS)).rejects.toMatchObject({ code: 'VaultForbidden' });
  });

  test('because Vault fails leaves it out, and says that it may pass', async () => {
    systems.vaultProxy.fault = (request) => (request.path.includes('/acme/') ? 'before' : 'pass');
    const planned = await plan(TENANTS, { perTenant });
    expectOnlyAcmeMissing(planned, 'VaultUnavailable');
    expect(planned.observation.failures.get('acme')?.retryable).toBe(true);
  });

  test('because Vault is slow for it leaves it out and does not wait', async () => {
    const end = Promise.withResolvers<string>();
    systems.vaultProxy.fault = (request) => (request.path.includes('/acme/') ? end.promise : 'pass');
    const planned = await plan(TENANTS, { perTenant: { timeoutMs: 1000 } });
    end.resolve('pass');
    expectOnlyAcmeMissing(planned, 'VaultUnavailable');
  });

  test.each(['with hints', 'without hints'])(
    'because Airbyte refuses its workspace leaves it out and plans the others, %s',
    async (how) => {
      const hints = await hintsNow();
      const id = hints.hints?.workspaceIds.get('acme') ?? '';
      systems.airbyteProxy.status = 403;
      systems.airbyteProxy.fault = (request) => (request.path.includes(id) ? 'before' : 'pass');
      const look = how === 'with hints' ? hints : {};
      expectOnlyAcmeMissing(await plan(TENANTS, { ...look, perTenant }), 'AirbyteForbidden');
      await expect(plan(TENANTS, look)).rejects.toMatchObject({ code: 'AirbyteForbidden' });
    },
  );

  test('because Airbyte is slow with its workspace leaves it out', async () => {
    const hints = await hintsNow();
    const id = hints.hints?.workspaceIds.get('acme') ?? '';
    const end = Promise.withResolvers<string>();
    systems.airbyteProxy.fault = (request) => (request.path.includes(id) ? end.promise : 'pass');
    const planned = await plan(TENANTS, { ...hints, perTenant: { timeoutMs: 1000 } });
    end.resolve('pass');
    expectOnlyAcmeMissing(planned, 'AirbyteUnavailable');
  });

  test('does not take a workspace that vanishes between two calls for one without content', async () => {
    const hints = await hintsNow();
    const id = hints.hints?.workspaceIds.get('acme') ?? '';
    systems.airbyteProxy.status = 404;
    // Airbyte knows nothing of one of the ids, and says so for the list as a whole.
    systems.airbyteProxy.fault = (request) =>
      /^\S*\/(sources|connections|destinations)\?/.test(request.path) && request.path.includes(id)
        ? 'before'
        : 'pass';
    const planned = await plan(TENANTS, { ...hints, perTenant });
    expect(planned.steps.filter(isChange).every((step) => step.tenant === 'acme')).toBe(true);
  });

  test('is an error as before where nobody keeps failures apart, and so is a system that is away', async () => {
    systems.vaultProxy.fault = () => 'cut';
    await expect(plan(TENANTS, { perTenant })).rejects.toMatchObject({ code: 'VaultUnreachable' });
    systems.vaultProxy.fault = undefined;
    systems.airbyteProxy.fault = () => 'before';
    await expect(plan(TENANTS, { perTenant })).rejects.toMatchObject({ code: 'AirbyteUnavailable' });
  });

  test('at a secret of its own leaves it out, and only it', async () => {
    const own = (path: string): object => ({
      ...jira,
      config: { ...jira.config, api_token: `\${VAULT:${path}:token}` },
    });
    const yaml =
      platformYaml('secrets') +
      tenantYaml('one') +
      integrationYaml('one', 'jira', own('secret/data/own/one')) +
      tenantYaml('two') +
      integrationYaml('two', 'jira', own('secret/data/own/two'));
    for (const name of ['one', 'two'])
      await open.world.vault.write(`secret/data/own/${name}`, { data: { token: 'canary-token' } });
    await mustApply(systems, yaml);
    systems.vaultProxy.status = 403;
    systems.vaultProxy.fault = (request) => (request.path.includes('/own/one') ? 'before' : 'pass');
    const only = new Set(['one', 'two']);
    const planned = await planOnce(systems, yaml, { perTenant, only });
    expect([...planned.observation.failures.keys()]).toEqual(['one']);
    expect(planned.changes).toEqual([]);
    await expect(planOnce(systems, yaml, { only })).rejects.toMatchObject({ code: 'VaultForbidden' });
  });
});

describe('many tenants', () => {
  const many = Array.from({ length: 30 }, (_, index) => `many-${index}`);

  test('that are new are seen to be new in a few lists, and made once', async () => {
    const yaml = await documentsOf(platformYaml('many') + many.map((name) => tenantYaml(name)).join(''));
    systems.vaultProxy.clear();
    const options = { only: new Set(many), perTenant: { timeoutMs: 10_000 } };
    const planned = await planOnce(systems, yaml, options);
    expect(
      planned.steps.filter((step) => step.tenant !== undefined).every((step) => step.action === 'create'),
    ).toBe(true);
    expect(systems.vaultProxy.seen.length).toBeLessThan(15);
    await mustApply(systems, yaml, options);
    const again = await planOnce(systems, yaml, options);
    expect(again.changes).toEqual([]);
    const all = await planOnce(systems, yaml);
    for (const name of many) expect(said(again, name)).toEqual(said(all, name));
  });
});
