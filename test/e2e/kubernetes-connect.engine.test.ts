/** A tenant in a cluster: documents by kubectl, a person who connects by a link, and what becomes of the credential. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectByLink } from '../../src/dev/browser.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { type DevVault, startDevVault } from '../../src/dev/vault/server.ts';
import { type IntegrationObject, type IntegrationStatus, pathOf } from '../../src/operator/objects.ts';
import type { Sidecar } from '../../src/sidecar/start.ts';
import { type KubeWorld, startKubeWorld } from '../support/kube-world.ts';
import {
  conditionOf,
  NAMESPACE,
  type Objects,
  objectsIn,
  type RunningOperator,
  startOne,
} from '../support/operator-world.ts';
import { call, type SidecarWorld, startSidecarWorld } from '../support/sidecar-world.ts';
import { startTcpFaults } from '../support/tcp-faults.ts';

let world: SidecarWorld<DevVault>;
let kube: KubeWorld;
let objects: Objects;
let operator: RunningOperator;
let sidecar: Sidecar;
let key: string;

/** What the Helm chart gives the sidecar, and nothing else. */
const RULES = [
  {
    apiGroups: ['tenantry.dev'],
    resources: ['tenants', 'tenantintegrations'],
    verbs: ['get', 'list', 'watch'],
  },
];

beforeAll(async () => {
  [world, kube] = await Promise.all([startSidecarWorld(() => startDevVault()), startKubeWorld()]);
  await kube.namespace(NAMESPACE);
  objects = objectsIn(kube, NAMESPACE);
  const migrated = await world.run(['migrate']);
  expect(migrated.code, migrated.stderr).toBe(0);
  const made = await world.json<{ key: string }>(['api-keys', 'create', '--platform', '--name', 'test']);
  key = made.json.key;
  const place = { name: 'sidecar', namespace: 'tenantry', everywhere: true };
  const { kubeconfigFile } = await kube.account({ ...place, rules: RULES });
  const { systems, dir: stackDir } = world;
  operator = startOne({ kube, systems, stackDir }, { syncPollSeconds: 0.2 }, { env: world.engineer });
  sidecar = await world.start({}, {}, { kubernetes: { kubeconfig: kubeconfigFile } });
}, 120_000);
afterAll(async () => {
  await operator?.stop();
  await world?.close();
  await kube?.close();
});

const NAME = 'acme-linear';
const ACME = '/tenants/acme/integrations/linear';
/** Well below the ten minutes of a poll: only a notice is so fast. */
const SOON = { timeout: 10_000, interval: 50 };

async function connect(integration = 'linear'): Promise<void> {
  const path = `/tenants/acme/integrations/${integration}/connect-links`;
  const made = await call<{ url: string }>(sidecar, path, {
    key,
    method: 'POST',
    body: {},
  });
  expect(made.status, made.text).toBe(201);
  await connectByLink(made.json.url, 'acme', AbortSignal.timeout(30_000));
}

async function statusOf(name = NAME): Promise<IntegrationStatus | undefined> {
  const object = await objects.get('TenantIntegration', name);
  return (object as IntegrationObject | undefined)?.status;
}

async function untilCredential(expected: object, condition: object): Promise<void> {
  await vi.waitFor(async () => {
    expect((await statusOf())?.credential).toMatchObject(expected);
    const object = await objects.get('TenantIntegration', NAME);
    expect(conditionOf(object, 'CredentialReady')).toMatchObject(condition);
  }, SOON);
}

async function token(): Promise<{ readonly status: number; readonly accessToken: string | undefined }> {
  const { status, json } = await call<{ accessToken?: string }>(sidecar, `${ACME}/token`, { key });
  return { status, accessToken: json.accessToken };
}

async function sourceIsInStep(): Promise<void> {
  const { accessToken } = await token();
  expect(await world.sourceConfiguration(NAME)).toMatchObject({ api_key: `Bearer ${accessToken}` });
}

describe('a TenantIntegration', () => {
  it('is served by the sidecar as soon as it is applied, and waits for its credential', async () => {
    expect((await call(sidecar, ACME, { key })).status).toBe(404);
    await objects.tenant('acme');
    await objects.integration('acme', 'linear');
    await vi.waitFor(async () => expect((await call(sidecar, ACME, { key })).status).toBe(200), SOON);
    const waiting = await objects.until('TenantIntegration', NAME, /WaitingForCredential/);
    expect(conditionOf(waiting, 'CredentialReady')).toMatchObject({ status: 'False' });
    expect(waiting.status).toMatchObject({ credential: { state: 'Missing' } });
  });

  it('is Ready within seconds after a person has connected by a link', async () => {
    await connect();
    const ready = await objects.until('TenantIntegration', NAME, 'True', SOON.timeout);
    expect(conditionOf(ready, 'CredentialReady')).toMatchObject({ status: 'True', reason: 'Connected' });
    expect(ready.status).toMatchObject({
      claim: 'operator:test',
      credential: { state: 'Ready', expiresAt: expect.any(String), scopes: expect.arrayContaining(['read']) },
    });
    await vi.waitFor(async () => expect(await world.sourceConfiguration(NAME)).toBeDefined(), SOON);
  });

  it('tells of its last sync, without undoing what else is in its status', async () => {
    await objects.integration('acme', 'notion');
    await vi.waitFor(() => connect('notion'), SOON);
    await objects.until('TenantIntegration', 'acme-notion', 'True', SOON.timeout);
    const isOver = { jobId: expect.any(String), status: 'succeeded', completionTime: expect.any(String) };
    await vi.waitFor(async () => expect((await statusOf('acme-notion'))?.lastSync).toMatchObject(isOver), {
      ...SOON,
      timeout: 30_000,
    });
    const status = await statusOf('acme-notion');
    expect(status?.lastSync?.rows).toBeGreaterThan(0);
    expect(status?.credential).toMatchObject({ state: 'Ready' });
    await objects.reconcile('TenantIntegration', 'acme-notion');
    expect((await statusOf('acme-notion'))?.lastSync).toEqual(status?.lastSync);
  });

  it('shows that its token was refreshed, and the source has the new one and keeps it', async () => {
    await vi.waitFor(sourceIsInStep, SOON);
    // Whoever remembers the token of an earlier time would show it in the second round.
    for (const round of [1, 2]) {
      const before = (await statusOf())?.credential;
      world.clock.now = Date.parse(String(before?.expiresAt)) - 60_000;
      expect((await token()).status, `round ${round}`).toBe(200);
      await vi.waitFor(async () => {
        const after = (await statusOf())?.credential;
        expect(after).toMatchObject({ state: 'Ready', lastRefreshTime: expect.any(String) });
        expect(after?.expiresAt).not.toBe(before?.expiresAt);
      }, SOON);
      await objects.reconcile('TenantIntegration', NAME);
      await vi.waitFor(sourceIsInStep, SOON);
    }
    expect(world.lines.filter((line) => line.includes('was not brought in step'))).toEqual([]);
  });

  it('needs a person when its refresh token is worth nothing any more, and is well when one came', async () => {
    const { expiresAt } = (await statusOf())?.credential ?? {};
    world.clock.now = Date.parse(String(expiresAt)) + 60_000;
    // The answer is lost, and with it the only good refresh token.
    world.idp.faults('linear').loseNext(1);
    expect((await token()).status).toBe(503);
    await untilCredential({ state: 'Expired' }, { status: 'False', reason: 'CredentialExpired' });
    world.clock.now += 3_600_000;
    expect((await token()).status).toBe(409);
    await untilCredential(
      { state: 'NeedsReauthorization' },
      { status: 'False', reason: 'NeedsReauthorization' },
    );
    await connect();
    await untilCredential({ state: 'Ready' }, { status: 'True', reason: 'Connected' });
    await objects.until('TenantIntegration', NAME, 'True', SOON.timeout);
  });

  it('tells at once that its credential was revoked', async () => {
    const { status } = await call(sidecar, `${ACME}/credentials`, { key, method: 'DELETE' });
    expect(status).toBe(200);
    await untilCredential({ state: 'Revoked' }, { status: 'False' });
    await connect();
    await untilCredential({ state: 'Ready' }, { status: 'True' });
  });

  it('is not served before it could be read, by a sidecar that starts while the API server is away', async () => {
    const { port, hostname: host } = new URL(kube.api.url);
    const faults = await startTcpFaults({ host, port: Number(port) });
    try {
      await faults.set('refuse');
      const kubeconfig = join(dirname(kube.api.kubeconfigFile), 'through-faults.json');
      const text = await readFile(kube.api.kubeconfigFile, 'utf8');
      await writeFile(kubeconfig, text.replaceAll(kube.api.url, `https://127.0.0.1:${faults.port}`));
      const own = { url: `http://127.0.0.1:${await freePort()}` };
      const starting = world.start(
        { port: Number(new URL(own.url).port) },
        {},
        { kubernetes: { kubeconfig } },
      );
      await vi.waitFor(async () => {
        const { status, json } = await call(own, '/ready');
        expect(status).toBe(503);
        expect(json).toMatchObject({
          checks: { vault: { ok: true }, documents: { ok: false, code: 'KubernetesUnreachable' } },
        });
      }, SOON);
      expect((await call(own, '/health')).status).toBe(200);
      expect((await call(own, ACME, { key })).status).toBe(503);
      await faults.set('pass');
      await starting;
      expect((await call(own, '/ready')).status).toBe(200);
      expect((await call(own, ACME, { key })).status).toBe(200);
      await faults.set('refuse');
      await vi.waitFor(
        () => expect(world.lines.join('')).toContain('the documents cannot be followed'),
        SOON,
      );
      expect((await call(own, '/ready')).status).toBe(200);
      expect((await call(own, ACME, { key })).status).toBe(200);
    } finally {
      await faults.close();
    }
  });

  it('is no longer served when it is deleted', async () => {
    await kube.client.delete(pathOf('TenantIntegration', NAMESPACE, NAME));
    await vi.waitFor(async () => expect((await call(sidecar, ACME, { key })).status).toBe(404), SOON);
    await objects.untilGone('TenantIntegration', NAME);
  });
});
