/** The main job on the real Vault and real Postgres: apply, drift, rotate, destroy; and what happens when Vault fails. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { rotate } from '../../src/credentials/rotate.ts';
import { type RealVault, startVault } from '../support/engines/vault.ts';
import type { Fault } from '../support/fault-proxy.ts';
import {
  applyOnce,
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  type Stack,
  type Systems,
  startSystemsWith,
  tenantYaml,
  withWorld,
} from '../support/world.ts';

let systems: Systems<RealVault>;

beforeAll(async () => {
  systems = await startSystemsWith(() => startVault({ storage: 'file' }));
});

afterEach(() => {
  systems.vaultProxy.fault = undefined;
});

afterAll(() => systems.close());

const NOTION = { sync: { streams: [{ name: 'pages' }, { name: 'users' }] } };
const GITHUB = { config: { repositories: ['acme/shop'] }, sync: { streams: [{ name: 'issues' }] } };

/** Tenants with two connected integrations each. */
function stackOf(...tenants: string[]): Promise<Stack> {
  return documentsOf(
    tenants
      .map(
        (name) =>
          tenantYaml(name, { deletionPolicy: 'Delete' }) +
          integrationYaml(name, 'notion', NOTION) +
          integrationYaml(name, 'github', GITHUB),
      )
      .join(''),
  );
}

async function connectAll(stack: Stack): Promise<void> {
  await withWorld(systems, stack, {}, async (world) => {
    for (const { spec } of stack.documents.integrations) {
      const { tenant, integration } = spec;
      await connectTenant(
        world,
        { tenant, integration },
        { access_token: `token-of-${tenant}-${integration}` },
      );
    }
  });
}

async function expectTokens(stack: Stack): Promise<void> {
  await withWorld(systems, stack, {}, async (world) => {
    for (const { spec } of stack.documents.integrations) {
      const path = `secret/data/${spec.tenant}/${spec.integration}`;
      const token = await world.secrets.resolve({ from: 'vault', path, key: 'access_token' });
      expect(token).toBe(`token-of-${spec.tenant}-${spec.integration}`);
    }
  });
}

describe('the main job on the real Vault', () => {
  it('applies from nothing, waits for tokens, goes on with them, and then has nothing to do', async () => {
    const stack = await stackOf('acme');
    const first = await mustApply(systems, stack);
    expect(first.ids('waiting')).toContain('airbyte:source/acme-notion');
    await connectAll(stack);
    const second = await mustApply(systems, stack);
    expect(second.ids('created')).toContain('airbyte:connection/acme-notion');
    expect((await planOnce(systems, stack)).changes).toEqual([]);
  });

  it('encrypts in place what was written by hand', async () => {
    const stack = await stackOf('acme');
    await withWorld(systems, stack, {}, (world) =>
      world.vault.write('secret/data/acme/notion', { data: { access_token: 'token-of-acme-notion' } }),
    );
    expect((await planOnce(systems, stack)).changes).toContain('vault:credential/acme/notion');
    await mustApply(systems, stack);
    await withWorld(systems, stack, {}, async (world) => {
      const stored = await world.vault.read<{ data: { access_token: string } }>('secret/data/acme/notion');
      expect(stored?.data.access_token).toMatch(/^vault:v\d+:/);
    });
    await expectTokens(stack);
    expect((await planOnce(systems, stack)).changes).toEqual([]);
  });

  it('sees and repairs what somebody changed by hand in Vault', async () => {
    const stack = await stackOf('acme');
    await withWorld(systems, stack, {}, async (world) => {
      const policy = await world.vault.read<{ policy: string }>('sys/policies/acl/tenant-acme');
      const wider = `${policy?.policy}\npath "secret/data/*" { capabilities = ["read"] }`;
      await world.vault.write('sys/policies/acl/tenant-acme', { policy: wider });
      await world.vault.write('transit/keys/acme/config', { auto_rotate_period: '0' });
      await world.vault.write('auth/approle/role/tenant-acme', {
        token_ttl: '9h',
        bind_secret_id: false,
        secret_id_bound_cidrs: [],
        token_bound_cidrs: ['127.0.0.1/32'],
      });
    });
    const drift = await planOnce(systems, stack);
    expect([...drift.changes].sort()).toEqual([
      'vault:auth-role/approle/tenant-acme',
      'vault:policy/tenant-acme',
      'vault:transit-key/acme',
    ]);
    await mustApply(systems, stack);
    expect((await planOnce(systems, stack)).changes).toEqual([]);
  });

  it('rotates the key, keeps every token readable, and raises the minimum when asked to', async () => {
    const stack = await stackOf('acme');
    await withWorld(systems, stack, {}, async (world) => {
      expect(await rotate(world.vault, 'acme', { raiseMinimum: true })).toMatchObject({
        rewrapped: 2,
        minimumVersion: 2,
      });
    });
    await expectTokens(stack);
    expect((await planOnce(systems, stack)).changes).toEqual([]);
  });

  it('takes a tenant away, and leaves the other one alone', async () => {
    const both = await stackOf('acme', 'globex');
    await mustApply(systems, both);
    await connectAll(both);
    await mustApply(systems, both);
    const acme = new Set(['acme']);
    const gone = await applyOnce(systems, both, { only: acme, leaving: acme, confirmed: acme });
    expect(gone.ids('failed')).toEqual([]);
    expect((await planOnce(systems, await stackOf('globex'))).changes).toEqual([]);
    await withWorld(systems, both, {}, async (world) => {
      expect(await world.vault.list('secret/metadata/')).toEqual(['_platform/', 'globex/']);
      expect(await world.vault.list('transit/keys')).toEqual(['globex']);
      expect(await world.vault.list('sys/policies/acl')).not.toContain('tenant-acme');
    });
  });
});

/** Lets the n-th request to Vault wait until something was done to Vault. */
function atRequest(n: number, what: () => Promise<unknown>): void {
  let seen = 0;
  systems.vaultProxy.fault = async (): Promise<Fault> => {
    if (++seen === n) await what();
    return 'pass';
  };
}

describe('when the real Vault fails in the middle of an apply', () => {
  /** Whatever the run came to, the next one converges and no token is lost. */
  async function expectConvergence(stack: Stack): Promise<void> {
    systems.vaultProxy.fault = undefined;
    await mustApply(systems, stack);
    expect((await planOnce(systems, stack)).changes).toEqual([]);
    await expectTokens(stack);
  }

  async function prepared(name: string): Promise<Stack> {
    const stack = await stackOf(name);
    await withWorld(systems, stack, {}, async (world) => {
      for (const id of ['notion', 'github']) {
        await world.vault.write(`secret/data/${name}/${id}`, {
          data: { access_token: `token-of-${name}-${id}` },
        });
      }
    });
    return stack;
  }

  it('sealed: the run says so and ends, and a second one converges', async () => {
    const stack = await prepared('sealed');
    atRequest(25, () => systems.vault.seal());
    const run = await applyOnce(systems, stack, { only: new Set(['sealed']) });
    const codes = new Set(
      run.results.filter((item) => item.outcome === 'failed').map((item) => item.problem?.code),
    );
    expect([...codes]).toEqual(['VaultSealed']);
    await systems.vault.unseal();
    await expectConvergence(stack);
  });

  it('restarted: what was under way is tried again or fails clearly, and a second run converges', async () => {
    const stack = await prepared('restarted');
    atRequest(25, () => systems.vault.restart());
    const run = await applyOnce(systems, stack, { only: new Set(['restarted']) });
    const failed = run.results
      .filter((item) => item.outcome === 'failed')
      .map((item) => item.problem?.code ?? '');
    expect(failed.filter((code) => !/^Vault(Unreachable|Sealed|Unavailable)$/.test(code))).toEqual([]);
    await expectConvergence(stack);
  });

  it('with its token revoked: an AppRole logs in again and the same run ends well', async () => {
    const stack = await prepared('revoked');
    const login = await withWorld(systems, stack, {}, async (world) => {
      const all =
        'path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"] }';
      await world.vault.write('sys/policies/acl/everything', { policy: all });
      await world.vault.write('auth/approle/role/operator', { token_policies: ['everything'] });
      const id = await world.vault.read<{ role_id: string }>('auth/approle/role/operator/role-id');
      const secret = await world.vault.write<{ secret_id: string }>('auth/approle/role/operator/secret-id');
      return { VAULT_ROLE_ID: id?.role_id ?? '', VAULT_SECRET_ID: secret?.secret_id ?? '' };
    });
    const { documents, catalog } = stack;
    const platform = {
      ...documents.platform,
      spec: {
        ...documents.platform.spec,
        vault: { ...documents.platform.spec.vault, auth: { method: 'approle' as const, mount: 'approle' } },
      },
    };
    atRequest(25, () => revokeOperators());
    await mustApply(
      systems,
      { documents: { ...documents, platform }, catalog },
      { env: login, only: new Set(['revoked']) },
    );
    await expectConvergence(stack);
  });

  it('with a token revoked that nobody can renew: the error says what to check', async () => {
    const stack = await prepared('expelled');
    const token = await withWorld(systems, stack, {}, async (world) => {
      const made = await world.vault.write<{ client_token: string }>('auth/token/create', {
        policies: ['everything'],
      });
      return made?.client_token ?? '';
    });
    atRequest(25, () => revoke(token));
    const run = await applyOnce(systems, stack, { env: { VAULT_TOKEN: token }, only: new Set(['expelled']) });
    const problems = run.results.flatMap((item) => (item.outcome === 'failed' ? [item.problem] : []));
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem?.code).toMatch(/^Vault(Unauthorized|Forbidden)$/);
    await expectConvergence(stack);
  });

  it('answering 429 by a rate-limit quota: the run waits and ends well', async () => {
    const stack = await prepared('limited');
    await quota('POST', { rate: 15, interval: '1s' });
    const before = systems.vaultProxy.seen.length;
    await mustApply(systems, stack, { only: new Set(['limited']) });
    await quota('DELETE');
    expect(systems.vaultProxy.seen.length - before).toBeGreaterThan(30);
    await expectConvergence(stack);
  });

  it('answering slowly: the run takes its time and ends well', async () => {
    const stack = await prepared('slow');
    systems.vaultProxy.fault = async (): Promise<Fault> => {
      await pause(20);
      return 'pass';
    };
    await mustApply(systems, stack, { only: new Set(['slow']) });
    await expectConvergence(stack);
  });
});

async function rootCall(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${systems.vault.address}/v1/${path}`, {
    method,
    headers: { 'X-Vault-Token': systems.vault.rootToken },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return text === '' ? undefined : JSON.parse(text);
}

async function quota(method: 'POST' | 'DELETE', body?: object): Promise<void> {
  await rootCall(method, 'sys/quotas/rate-limit/tenantry', body);
}

async function revoke(token: string): Promise<void> {
  await rootCall('POST', 'auth/token/revoke', { token });
}

/** Every token that the role `operator` gave out. */
async function revokeOperators(): Promise<void> {
  const listed = (await rootCall('GET', 'auth/token/accessors?list=true')) as { data: { keys: string[] } };
  for (const accessor of listed.data.keys) {
    const found = (await rootCall('POST', 'auth/token/lookup-accessor', { accessor })) as {
      data?: { meta?: { role_name?: string } };
    };
    if (found.data?.meta?.role_name === 'operator')
      await rootCall('POST', 'auth/token/revoke-accessor', { accessor });
  }
}
