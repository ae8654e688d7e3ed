import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { FIELD_MANAGER, type IntegrationObject, pathOf } from '../../../src/operator/objects.ts';
import { integrationStatus } from '../../../src/operator/status/integration.ts';
import { sameStatus, statusBody } from '../../../src/operator/status/status.ts';
import { type KubeApi, startKubeApi } from '../../support/engines/kube-api.ts';
import { failedWith, outcome, step } from './outcomes.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const path = pathOf('TenantIntegration', 'default', 'acme-notion');
const T0 = Date.UTC(2026, 0, 1);

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

/** As kubectl asks for it (Kubernetes API concepts, "Receiving resources as Tables"). */
async function tableOf({ url, ca, adminToken }: KubeApi): Promise<Table> {
  const dispatcher = new Agent({ connect: { ca } });
  try {
    const { body } = await request(`${url}${pathOf('TenantIntegration', 'default')}`, {
      dispatcher,
      headers: {
        accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
        authorization: `Bearer ${adminToken}`,
      },
    });
    return (await body.json()) as Table;
  } finally {
    await dispatcher.close();
  }
}

describe('a status on a real API server', () => {
  let api: KubeApi;

  async function get(): Promise<IntegrationObject> {
    return (await api.call('GET', path)).body as unknown as IntegrationObject;
  }

  async function write(object: IntegrationObject, status: NonNullable<IntegrationObject['status']>) {
    const answer = await api.call('PATCH', `${path}/status?fieldManager=${FIELD_MANAGER}&force=true`, {
      body: statusBody(object, status),
      contentType: 'application/apply-patch+yaml',
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body as unknown as IntegrationObject;
  }

  beforeAll(async () => {
    api = await startKubeApi();
    const text = await readFile(join(root, 'crds', 'tenantry.dev_tenantintegrations.yaml'), 'utf8');
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    expect((await api.call('POST', definitions, { body: parse(text) })).status).toBe(201);
    const body = {
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: 'TenantIntegration',
      metadata: { name: 'acme-notion' },
      spec: { tenant: 'acme', integration: 'notion' },
    };
    await vi.waitFor(
      async () => {
        const { status } = await api.call('POST', pathOf('TenantIntegration', 'default'), { body });
        expect(status).toBe(201);
      },
      { timeout: 30_000, interval: 200 },
    );
  }, 120_000);
  afterAll(() => api?.close());

  it('says of a new object that nobody looked at it', async () => {
    expect((await get()).status).toEqual({ observedGeneration: -1 });
  });

  it('comes back as it was written, and writing it again changes nothing', async () => {
    const found = outcome({
      observeOnly: true,
      changes: [step({})],
      claim: 'operator:prod',
      ids: { 'airbyte/source': 'b3c1' },
      credential: { state: 'Ready', expiresAt: '2026-01-02T00:00:00Z', scopes: ['read', 'write'] },
    });
    const status = integrationStatus(await get(), found, { now: T0 });
    const written = await write(await get(), status);
    expect(sameStatus(written.status, status)).toBe(true);
    // The next look at the same world finds nothing to write.
    const next = integrationStatus(await get(), found, { now: T0 + 600_000 });
    expect(sameStatus((await get()).status, next)).toBe(true);
    const again = await write(await get(), status);
    expect(again.metadata.resourceVersion).toBe(written.metadata.resourceVersion);
  });

  it('takes away conditions and fields that no longer hold, and leaves those of others', async () => {
    const other = {
      type: 'Audited',
      status: 'True',
      reason: 'Audited',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const { apiVersion, kind, metadata } = await get();
    const body = { apiVersion, kind, metadata: { name: metadata.name }, status: { conditions: [other] } };
    await api.call('PATCH', `${path}/status?fieldManager=audit`, {
      body,
      contentType: 'application/apply-patch+yaml',
    });
    const failing = integrationStatus(await get(), failedWith('VaultSealed'), { now: T0 });
    const types = ({ status }: IntegrationObject) => status?.conditions?.map(({ type }) => type).sort();
    expect(types(await write(await get(), failing))).toEqual([
      'Audited',
      'CredentialReady',
      'Ready',
      'Reconciling',
    ]);
    const well = integrationStatus(await get(), outcome({}), { now: T0 + 1000 });
    const written = await write(await get(), well);
    expect(types(written)).toEqual(['Audited', 'CredentialReady', 'Ready']);
    expect(written.status).not.toHaveProperty('plan');
    expect(sameStatus(written.status, well)).toBe(true);
  });

  it('makes no object where there is none any more', async () => {
    const object = await get();
    const gone = { ...object, metadata: { ...object.metadata, name: 'gone' } };
    const answer = await api.call(
      'PATCH',
      `${pathOf('TenantIntegration', 'default', 'gone')}/status?fieldManager=${FIELD_MANAGER}&force=true`,
      { body: statusBody(gone, object.status ?? {}), contentType: 'application/apply-patch+yaml' },
    );
    expect(answer.status).toBe(404);
  });

  it('has no place for a link, which would be a credential for who reads it', async () => {
    const object = await get();
    const credential = { state: 'Ready', connectUrl: 'https://example.com/connect/once' };
    const status = { ...object.status, credential } as unknown as NonNullable<IntegrationObject['status']>;
    const answer = await api.call(
      'PATCH',
      `${path}/status?fieldManager=${FIELD_MANAGER}&force=true&fieldValidation=Ignore`,
      { body: statusBody(object, status), contentType: 'application/apply-patch+yaml' },
    );
    expect(JSON.stringify(answer.body)).not.toContain('connect/once');
  });

  it('is shown by kubectl in columns', async () => {
    const { columnDefinitions: columns, rows } = await tableOf(api);
    const named = (priority: number) =>
      columns.filter((column) => column.priority === priority).map(({ name }) => name);
    expect(named(0)).toEqual([
      'Name',
      'Tenant',
      'Integration',
      'Ready',
      'Reason',
      'Credential',
      'Last Sync',
      'Age',
    ]);
    expect(named(1)).toEqual(['Next Sync', 'Message']);
    expect(rows[0]?.cells.slice(0, 5)).toEqual(['acme-notion', 'acme', 'notion', 'True', 'Reconciled']);
  });
});
