import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type KubeApi, startKubeApi } from './kube-api.ts';

const project = join(import.meta.dirname, '../../..');
const text = (path: string): string => readFileSync(join(project, path), 'utf8');
let kube: KubeApi;

beforeAll(async () => {
  kube = await startKubeApi();
});
afterAll(() => kube?.close());

const apply = (path: string, body: string) =>
  kube.call('PATCH', `${path}?fieldManager=test&fieldValidation=Strict`, {
    body,
    contentType: 'application/apply-patch+yaml',
  });
const objects = '/apis/tenantry.dev/v1alpha1/namespaces/tenants';

async function installCrd(plural: string): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.tenantry.dev`;
  expect((await apply(path, text(`crds/tenantry.dev_${plural}.yaml`))).status).toBe(201);
  await expect
    .poll(async () => (await kube.call('GET', `${objects}/${plural}`)).status, { timeout: 20_000 })
    .toBe(200);
}

test('the API server takes our resources as the stack has them, and refuses wrong ones', async () => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tenants' } };
  expect((await kube.call('POST', '/api/v1/namespaces', { body: namespace })).status).toBe(201);
  await Promise.all(['tenants', 'tenantintegrations'].map(installCrd));

  const tenant = text('stacks/dev/tenants/acme/tenant.yaml');
  expect((await apply(`${objects}/tenants/acme`, tenant)).body).toMatchObject({
    kind: 'Tenant',
    spec: parse(tenant).spec,
  });
  const integration = text('stacks/dev/tenants/acme/notion.yaml');
  const made = await apply(`${objects}/tenantintegrations/acme-notion`, integration);
  expect(made.status).toBe(201);

  const wrong = {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'TenantIntegration',
    metadata: { name: 'wrong' },
    spec: { tenant: 'Not A Name', integration: 'notion' },
  };
  const refused = await kube.call('POST', `${objects}/tenantintegrations`, { body: wrong });
  expect(refused).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
  expect(JSON.stringify(refused.body)).toContain('spec.tenant');
});

test('nobody gets in without a token', async () => {
  expect((await kube.call('GET', '/api/v1/namespaces', { token: 'wrong' })).status).toBe(401);
});

test('the API server starts again with the same port, certificate, tokens and data', async () => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lasting' } };
  expect((await kube.call('POST', '/api/v1/namespaces', { body: namespace })).status).toBe(201);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await kube.stopServer(signal);
    await expect(kube.call('GET', '/readyz')).rejects.toThrow('ECONNREFUSED');
    await kube.startServer();
    expect((await kube.call('GET', '/api/v1/namespaces/lasting')).status).toBe(200);
  }
});

test('a paused API server answers when it goes on', async () => {
  onTestFinished(() => kube.resumeServer());
  await kube.pauseServer();
  const answer = kube.call('GET', '/readyz');
  expect(await Promise.race([answer, setTimeout(300, 'silent')])).toBe('silent');
  kube.resumeServer();
  expect((await answer).status).toBe(200);
});

test('with etcd paused nothing is written, and afterwards it is', async () => {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'late' } };
  onTestFinished(() => kube.resumeEtcd());
  await kube.pauseEtcd();
  const made = kube.call('POST', '/api/v1/namespaces', { body });
  expect(await Promise.race([made, setTimeout(300, 'silent')])).toBe('silent');
  kube.resumeEtcd();
  expect((await made).status).toBe(201);
});
