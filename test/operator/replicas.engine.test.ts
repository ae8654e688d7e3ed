import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { pathOf } from '../../src/operator/objects.ts';
import {
  conditionOf,
  NAMESPACE,
  type OperatorWorld,
  type RunningOperator,
  startOperatorWorld,
} from '../support/operator-world.ts';
import { platformYaml } from '../support/world.ts';

let world: OperatorWorld;
const folders: string[] = [];
let replicas: RunningOperator[] = [];
beforeAll(async () => {
  world = await startOperatorWorld();
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.abort()));
  replicas = [];
});
afterAll(async () => {
  await world?.close();
  for (const folder of folders) await rm(folder, { recursive: true });
});

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/tenantry-operator`;

function replica(): RunningOperator {
  const started = world.start({ leaderElection: true });
  replicas.push(started);
  return started;
}

const count = ({ log }: RunningOperator, msg: string): number =>
  log.filter((line) => line['msg'] === msg).length;

/** A folder of its own, so that it may be changed. */
async function stack(text: string): Promise<{ dir: string; write: (text: string) => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-stack-'));
  folders.push(dir);
  const write = (now: string): Promise<void> => writeFile(join(dir, 'platform.yaml'), now);
  await write(text);
  return { dir, write };
}

describe('two replicas', () => {
  it('hand over when the leader is stopped: the next one lists anew and works at once', async () => {
    const first = replica();
    await first.logged('this replica leads');
    const second = replica();
    await second.logged('this replica follows');
    await world.tenant('before');
    await world.until('Tenant', 'before', 'True');
    expect(await second.metric('rest_client_requests_total', 'PATCH')).toBe(0);
    expect(await second.metric('workqueue_depth')).toBe(0);
    await first.stop();
    await second.logged('this replica leads', 10_000);
    await world.tenant('after');
    await world.until('Tenant', 'after', 'True', 10_000);
    expect(await second.metric('tenantry_relists_total', 'asked')).toBeGreaterThanOrEqual(2);
    expect(second.log.filter((line) => line['level'] === 'error')).toEqual([]);
  });

  it('hand over when the leader is cut off in the middle', async () => {
    const first = replica();
    await first.logged('this replica leads');
    const second = replica();
    await second.logged('this replica follows');
    const held = Promise.withResolvers<void>();
    const free = Promise.withResolvers<string>();
    world.systems.airbyteProxy.fault = ({ method }) => {
      if (method !== 'POST') return 'pass';
      held.resolve();
      return free.promise;
    };
    await world.tenant('halfway');
    await held.promise;
    await first.abort();
    world.systems.airbyteProxy.fault = undefined;
    free.resolve('pass');
    await world.until('Tenant', 'halfway', 'True', 40_000);
    const workspaces = (await world.airbyte('/workspaces')).filter(({ name }) => name.startsWith('halfway'));
    expect(workspaces).toHaveLength(1);
  });

  it('that loses its Lease writes nothing afterwards, and leads again when it gets it', async () => {
    const first = replica();
    await first.logged('this replica leads');
    await world.tenant('leased');
    await world.until('Tenant', 'leased', 'True');
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    const spec = { holderIdentity: 'somebody-else', leaseDurationSeconds: 15, renewTime };
    await vi.waitFor(async () => {
      await world.kube.client.mergePatch(LEASE, { spec });
      const lease = await world.kube.client.get<{ spec: { holderIdentity: string } }>(LEASE);
      expect(lease?.spec.holderIdentity).toBe('somebody-else');
    });
    await vi.waitFor(() => expect(count(first, 'this replica follows')).toBeGreaterThan(0), {
      timeout: 15_000,
    });
    const calls = (method: string): Promise<number> => first.metric('rest_client_requests_total', method);
    const [patches, looks] = [await calls('PATCH'), await calls('GET')];
    await world.tenant('leaderless');
    await world.annotate('Tenant', 'leased', { 'tenantry.dev/reconcile-requested-at': 'x' });
    await vi.waitFor(async () => expect(await calls('GET')).toBeGreaterThan(looks + 2), { timeout: 15_000 });
    expect(await calls('PATCH')).toBe(patches);
    expect(conditionOf(await world.get('Tenant', 'leaderless'), 'Ready')).toBeUndefined();
    await vi.waitFor(() => expect(count(first, 'this replica leads')).toBe(2), { timeout: 40_000 });
    await world.until('Tenant', 'leaderless', 'True');
  });
});

describe('the Platform document', () => {
  it('is taken without a restart when it changes, and refused when it is wrong', async () => {
    const { dir, write } = await stack(platformYaml('test', { sidecar: { url: 'https://one.example.com' } }));
    const operator = world.start({}, { stackDir: dir });
    replicas.push(operator);
    await world.tenant('linked');
    await world.integration('linked', 'notion');
    const messageOf = async (): Promise<string | undefined> =>
      conditionOf(await world.get('TenantIntegration', 'linked-notion'), 'Ready')?.message;
    await vi.waitFor(async () => expect(await messageOf()).toContain('credential'), { timeout: 20_000 });
    await write(platformYaml('test', { sidecar: { uri: 'https://two.example.com' } }));
    await operator.logged('the changed Platform document is not used');
    await write(platformYaml('test', { vault: { auth: { method: 'token', token: '${ENV:NOT_SET}' } } }));
    await vi.waitFor(() => expect(count(operator, 'the changed Platform document is not used')).toBe(2), {
      timeout: 10_000,
    });
    await world.tenant('meanwhile');
    await world.until('Tenant', 'meanwhile', 'True');
    const roles = { vault: { tenantAuth: { method: 'approle', tokenTtl: '7m' } } };
    await write(platformYaml('test', roles));
    await operator.logged('the Platform document was read again');
    await vi.waitFor(
      async () => {
        const role = await world.vault('GET', 'auth/approle/role/tenant-linked');
        expect(role).toMatchObject({ data: { token_ttl: 420 } });
      },
      { timeout: 20_000 },
    );
  });
});

describe('a secret', () => {
  it('of the environment is used, and no secret is in an object, an Event, the log or a metric', async () => {
    const canaries = {
      HUBSPOT_ID: 'hubspot-client-id-1',
      HUBSPOT_SECRET: 'canary-hubspot-client-secret',
    };
    const app = { clientId: '${ENV:HUBSPOT_ID}', clientSecret: '${ENV:HUBSPOT_SECRET}' };
    const { dir } = await stack(platformYaml('test', { apps: { hubspot: app } }));
    const operator = world.start({}, { stackDir: dir, env: { ...canaries, LOG_LEVEL: 'trace' } });
    replicas.push(operator);
    await world.tenant('secretive');
    await world.until('Tenant', 'secretive', 'True');
    const token = { access_token: 'canary-access-token', refresh_token: 'canary-refresh-token' };
    await world.connect('secretive', 'hubspot', token);
    await world.integration('secretive', 'hubspot');
    world.systems.airbyteProxy.fault = ({ method, path }) =>
      method === 'POST' && path.includes('/sources') ? 'echo' : 'pass';
    await world.until('TenantIntegration', 'secretive-hubspot', /False Airbyte/);
    world.systems.airbyteProxy.fault = undefined;
    await world.until('TenantIntegration', 'secretive-hubspot', 'True', 40_000);
    await world.integration('secretive', 'notion', { config: { token: 'canary-literal-in-config' } });
    await world.until('TenantIntegration', 'secretive-notion', /InvalidDocument/);
    const objects = [
      ...(await world.kube.client.list<object>(pathOf('Tenant'), {})).items,
      ...(await world.kube.client.list<object>(pathOf('TenantIntegration'), {})).items,
      ...(await world.events('secretive-hubspot')),
      ...(await world.events('secretive-notion')),
    ].map((object) => JSON.stringify({ ...object, spec: undefined, metadata: undefined }));
    const all = [...objects, JSON.stringify(operator.log), await operator.metrics()].join('\n');
    const { vault, postgres, airbyte } = world.systems;
    const secrets = [
      'canary-',
      vault.rootToken,
      postgres.password,
      airbyte.clientSecret,
      world.kube.api.adminToken,
    ];
    for (const secret of secrets) expect(all.includes(secret), `found ${secret}`).toBe(false);
    const [source] = await world.airbyte<{ name: string; configuration: object }>('/sources');
    expect(JSON.stringify(source?.configuration)).toContain('hubspot');
  });
});
