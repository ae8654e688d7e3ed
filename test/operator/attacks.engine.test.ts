/**
 * Who may write the custom resources of one namespace tries to reach another's tenant. The attacker may write Tenants
 * as well, which is more than a team is given, but not their status.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';
import { INJECT_PATH } from '../../src/operator/inject/server.ts';
import type { ConnectedKube } from '../../src/operator/kube/connect.ts';
import { type AnyObject, FINALIZER, pathOf, type TenantStatus } from '../../src/operator/objects.ts';
import { Redactor } from '../../src/redact.ts';
import { createMetrics } from '../../src/sidecar/metrics.ts';
import { openKubernetesStack } from '../../src/sidecar/stack/kubernetes.ts';
import {
  conditionOf,
  type Objects,
  type OperatorWorld,
  objectsIn,
  type RunningOperator,
  startOperatorWorld,
} from '../support/operator-world.ts';
import { selfSigned } from './kube/self-signed.ts';

const [CUSTOMERS, EVIL] = ['customers', 'evil'];
const SECRET = 'jira-token-of-globex';
const API_GROUP = ['tenantry.dev'];

let world: OperatorWorld;
let operator: RunningOperator;
/** The namespace of the tenant globex, written by who may. */
let customers: Objects;
/** The attacker's namespace, written with the attacker's account. */
let evil: Objects;
let attacker: ConnectedKube;
let certificates: string;

beforeAll(async () => {
  world = await startOperatorWorld();
  certificates = await mkdtemp(join(tmpdir(), 'tenantry-attacks-'));
  const { cert, key } = selfSigned();
  await writeFile(join(certificates, 'tls.crt'), cert);
  await writeFile(join(certificates, 'tls.key'), key);
  await writeFile(
    join(world.stackDir, 'injection.yaml'),
    'image: tenantry\nstack: { configMap: tenantry }\n',
  );
  operator = world.start({ webhookPort: 0, webhookCertDir: certificates });
  customers = await world.in(CUSTOMERS);
  const account = await world.kube.account({
    name: 'attacker',
    namespace: EVIL,
    rules: [{ apiGroups: API_GROUP, resources: ['tenants', 'tenantintegrations'], verbs: ['*'] }],
  });
  attacker = await account.connect();
  evil = objectsIn({ ...world.kube, client: attacker }, EVIL);
  await customers.tenant('globex');
  await customers.until('Tenant', 'globex', 'True');
  await store('globex/jira', { api_token: SECRET });
  await customers.integration('globex', 'jira', jira('${VAULT:secret/data/globex/jira:api_token}'));
  await customers.until('TenantIntegration', 'globex-jira', 'True');
  await evil.tenant('initech');
  await evil.until('Tenant', 'initech', 'True');
});
afterAll(async () => {
  await attacker?.close();
  await world?.close();
  await rm(certificates, { recursive: true, force: true });
});

const store = (path: string, data: object): Promise<unknown> =>
  world.vault('POST', `secret/data/${path}`, { data });

const jira = (api_token: string): object => ({
  config: { domain: 'acme.atlassian.net', email: 'sync@acme.example', api_token },
});

function messageOf(object: AnyObject | undefined): string {
  return conditionOf(object, 'Ready')?.message ?? '';
}

/** How the API server answers; `none` when it does as it is told. */
async function refusal(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    (error: unknown) => String(error),
  );
}

/** What is wanted of the world of globex, whatever anybody tries. */
async function globexText(): Promise<string> {
  const parts = JSON.parse(await world.text()) as Record<string, unknown>;
  const lines = JSON.stringify(parts, null, 1).split('\n');
  return lines.filter((line) => line.includes('globex')).join('\n');
}

async function sourcesOf(tenant: string): Promise<string[]> {
  const sources = await world.airbyte('/sources');
  return sources.map(({ name }) => name).filter((name) => name.endsWith(`/${tenant}]`));
}

describe('a reference', () => {
  it.each([
    ['another tenant’s secret', '${VAULT:secret/data/globex/jira:api_token}'],
    ['it by a way upwards', '${VAULT:secret/data/initech/../globex/jira:api_token}'],
    ['the password of another’s role', '${VAULT:secret/data/_platform/postgres/globex:password}'],
    ['the operator’s login to Vault', '${ENV:VAULT_TOKEN}'],
    ['its password for Postgres', '${ENV:PGPASSWORD}'],
  ])('does not bring a source %s', async (_what, reference) => {
    await evil.integration('initech', 'jira', jira(reference));
    const object = await evil.until('TenantIntegration', 'initech-jira', /False InvalidDocument/);
    expect(messageOf(object)).toContain('spec.config.api_token');
    expect(await sourcesOf('initech')).toEqual([]);
  });

  it('to the tenant’s own folder is good', async () => {
    await store('initech/jira', { api_token: 'own' });
    await evil.integration('initech', 'jira', jira('${VAULT:secret/data/initech/jira:api_token}'));
    await evil.until('TenantIntegration', 'initech-jira', 'True');
    expect(await sourcesOf('initech')).toHaveLength(1);
    await evil.remove('TenantIntegration', 'initech-jira');
    await evil.untilGone('TenantIntegration', 'initech-jira');
  });

  it('does not go to a host that the catalog does not know', async () => {
    const api_url = 'http://169.254.169.254/latest';
    await evil.integration('initech', 'github', { config: { repositories: ['a/b'], api_url } });
    const object = await evil.until('TenantIntegration', 'initech-github', /False InvalidDocument/);
    expect(messageOf(object)).toContain('spec.config.api_url');
    await evil.remove('TenantIntegration', 'initech-github');
  });
});

describe('a name', () => {
  it('that another namespace has is not given, nor are its integrations', async () => {
    const before = await globexText();
    await evil.tenant('globex', { database: { schema: 'tenant_globex' }, deletionPolicy: 'Delete' });
    await evil.integration('globex', 'notion');
    expect(messageOf(await evil.until('Tenant', 'globex', /False InvalidDocument/))).toContain(
      'given already in the namespace "customers"',
    );
    await evil.until('TenantIntegration', 'globex-notion', /TenantNotReady/);
    await evil.remove('TenantIntegration', 'globex-notion');
    await evil.remove('Tenant', 'globex');
    await evil.untilGone('Tenant', 'globex');
    expect(await globexText()).toBe(before);
  });

  it('of a tenant that has gone does not give what was kept of it, nor destroy it', async () => {
    await customers.tenant('hooli');
    await customers.until('Tenant', 'hooli', 'True');
    await world.sql('create table tenant_hooli.rows as select 1 as id');
    await store('hooli/jira', { api_token: SECRET });
    await customers.remove('Tenant', 'hooli');
    await customers.untilGone('Tenant', 'hooli');
    await evil.tenant('hooli', { deletionPolicy: 'Delete' });
    expect(messageOf(await evil.until('Tenant', 'hooli', /False OwnedByAnother/))).toContain(
      'belongs to the namespace "customers"',
    );
    await evil.integration('hooli', 'jira', jira('${VAULT:secret/data/hooli/jira:api_token}'));
    await evil.until('TenantIntegration', 'hooli-jira', /False TenantNotReady/);
    expect(await sourcesOf('hooli')).toEqual([]);
    await evil.remove('TenantIntegration', 'hooli-jira');
    await evil.untilGone('TenantIntegration', 'hooli-jira');
    await evil.remove('Tenant', 'hooli');
    await evil.untilGone('Tenant', 'hooli');
    expect(await world.sql('select id from tenant_hooli.rows')).toEqual([{ id: 1 }]);
    expect(await world.vault('GET', 'transit/keys/hooli')).toHaveProperty('data');
    await customers.tenant('hooli');
    await customers.until('Tenant', 'hooli', 'True');
  });

  it('is no way into Tenantry’s own folders and schemas', async () => {
    expect(await refusal(evil.tenant('_platform'))).toMatch(/Invalid/);
    for (const schema of ['pg_catalog', 'public', 'information_schema', 'tenantry', 'tenantry_queue'])
      expect(await refusal(evil.tenant('umbrella', { database: { schema } })), schema).toMatch(/reserved/);
    expect(
      await refusal(evil.integration('umbrella', 'notion', { sync: { namespace: 'tenantry_queue' } })),
    ).toMatch(/reserved/);
  });

  it('of an object forges no mark of another’s objects', async () => {
    const { apiVersion, kind, spec } = await evil.integration('initech', 'linear');
    for (const name of ['x [tenantry:operator:test/globex]', 'globex]', 'a\nb']) {
      const object = { apiVersion, kind, spec, metadata: { name, namespace: EVIL } };
      expect(await refusal(attacker.create(pathOf('TenantIntegration', EVIL), object)), name).toMatch(
        /Invalid/,
      );
    }
    await evil.remove('TenantIntegration', 'initech-linear');
  });
});

describe('a place for data', () => {
  it('of another tenant is not given: neither its schema, nor as a namespace', async () => {
    const before = await globexText();
    await evil.tenant('umbrella', { database: { schema: 'tenant_globex' } });
    await evil.until('Tenant', 'umbrella', /False InvalidDocument/);
    await evil.integration('initech', 'notion', { sync: { namespace: 'tenant_globex', prefix: 'jira_' } });
    await evil.until('TenantIntegration', 'initech-notion', /False InvalidDocument/);
    await evil.remove('TenantIntegration', 'initech-notion');
    await evil.remove('Tenant', 'umbrella');
    await evil.untilGone('Tenant', 'umbrella');
    expect(await globexText()).toBe(before);
  });

  it('that somebody else made is not taken over, not even while the Tenant is being deleted', async () => {
    await world.sql('create schema billing; create table billing.invoices as select 1 as id');
    const finalizers = ['evil.example/stay'];
    await evil.tenant(
      'umbrella',
      { database: { schema: 'billing' }, adopt: true, deletionPolicy: 'Delete' },
      { finalizers },
    );
    expect(messageOf(await evil.until('Tenant', 'umbrella', /False InvalidDocument/))).toContain(
      'spec.adopt',
    );
    await evil.integration('umbrella', 'notion');
    await evil.remove('Tenant', 'umbrella');
    await evil.reconcile('Tenant', 'umbrella');
    expect(await world.sql("select 1 from pg_roles where rolname like 'billing%'")).toEqual([]);
    await evil.remove('TenantIntegration', 'umbrella-notion');
    await evil.untilGone('TenantIntegration', 'umbrella-notion');
    await evil.forceFinalizers('Tenant', 'umbrella');
    await evil.untilGone('Tenant', 'umbrella');
    await evil.tenant('umbrella-two', { database: { schema: 'billing' }, deletionPolicy: 'Delete' });
    await evil.until('Tenant', 'umbrella-two', /False NotOwned/);
    await evil.remove('Tenant', 'umbrella-two');
    await evil.untilGone('Tenant', 'umbrella-two');
    expect(await world.sql('select id from billing.invoices')).toEqual([{ id: 1 }]);
    expect(await world.sql("select obj_description('billing'::regnamespace) as mark")).toEqual([
      { mark: null },
    ]);
  });
});

describe('a status', () => {
  it('is not written by who writes documents', async () => {
    const path = `${pathOf('Tenant', EVIL, 'initech')}/status`;
    expect(
      await refusal(attacker.mergePatch(path, { status: { claim: 'operator:other', owned: true } })),
    ).toMatch(/Forbidden|forbidden/);
    const made = await evil.integration('initech', 'linear');
    expect(
      await refusal(
        attacker.mergePatch(pathOf('TenantIntegration', EVIL, 'initech-linear'), {
          status: { ids: { x: 'y' } },
        }),
      ),
    ).toBe('none');
    expect((await evil.get('TenantIntegration', 'initech-linear'))?.status?.ids?.['x']).toBeUndefined();
    expect(made.status?.claim).toBeUndefined();
    await evil.remove('TenantIntegration', 'initech-linear');
  });

  it('that is forged all the same gives neither a workspace nor a schema, and is put right', async () => {
    const victim = await customers.get('Tenant', 'globex');
    const { client } = world.kube;
    await evil.tenant('massive', { database: { schema: 'tenant_globex' } });
    await evil.until('Tenant', 'massive', /False InvalidDocument/);
    const forged = { schema: 'tenant_globex', claim: 'operator:test', ids: victim?.status?.ids };
    await client.mergePatch(`${pathOf('Tenant', EVIL, 'massive')}/status`, { status: forged });
    await client.mergePatch(`${pathOf('Tenant', EVIL, 'initech')}/status`, {
      status: { ids: victim?.status?.ids },
    });
    await evil.reconcile('Tenant', 'massive');
    expect(messageOf(await evil.until('Tenant', 'massive', /False InvalidDocument/))).toContain(
      'belongs to the Tenant "globex"',
    );
    const own = await evil.reconcile('Tenant', 'initech');
    expect(own.status?.ids?.['airbyte/workspace']).not.toBe(victim?.status?.ids?.['airbyte/workspace']);
    await customers.reconcile('Tenant', 'globex');
    await customers.until('Tenant', 'globex', 'True');
    await evil.remove('Tenant', 'massive');
    await evil.untilGone('Tenant', 'massive');
  });
});

describe('rights', () => {
  it('on TenantIntegrations alone change no quota and no Tenant', async () => {
    const account = await world.kube.account({
      name: 'team',
      namespace: CUSTOMERS,
      rules: [{ apiGroups: API_GROUP, resources: ['tenantintegrations'], verbs: ['*'] }],
    });
    const team = await account.connect();
    try {
      const path = pathOf('Tenant', CUSTOMERS, 'globex');
      expect(await refusal(team.mergePatch(path, { spec: { quotas: null } }))).toMatch(/forbidden/i);
      const elsewhere = objectsIn({ ...world.kube, client: team }, EVIL);
      expect(await refusal(elsewhere.integration('initech', 'notion'))).toMatch(/forbidden/i);
    } finally {
      await team.close();
    }
  });
});

describe('a finalizer', () => {
  it('that its author takes off comes back, and one of the author’s own is left alone', async () => {
    const mine = 'evil.example/mine';
    await evil.tenant('pied-piper', {}, { finalizers: [mine] });
    await evil.until('Tenant', 'pied-piper', 'True');
    await attacker.mergePatch(pathOf('Tenant', EVIL, 'pied-piper'), { metadata: { finalizers: [mine] } });
    await expect
      .poll(async () => (await evil.get('Tenant', 'pied-piper'))?.metadata.finalizers, { timeout: 20_000 })
      .toEqual([mine, FINALIZER]);
    await evil.remove('Tenant', 'pied-piper');
    await expect
      .poll(async () => (await evil.get('Tenant', 'pied-piper'))?.metadata.finalizers, { timeout: 20_000 })
      .toEqual([mine]);
    await evil.forceFinalizers('Tenant', 'pied-piper');
  });
});

describe('the webhook', () => {
  it('gives a Pod no sidecar for a tenant that another namespace has, also where a Tenant of that name was refused', async () => {
    expect(await injected(CUSTOMERS, 'globex')).toBe(true);
    expect(await injected(EVIL, 'initech')).toBe(true);
    expect(await injected(EVIL, 'globex')).toBe(false);
    await evil.tenant('globex');
    await evil.until('Tenant', 'globex', /False InvalidDocument/);
    expect(await injected(EVIL, 'globex')).toBe(false);
    await evil.remove('Tenant', 'globex');
  });
});

describe('a sidecar', () => {
  it('neither serves nor is injected for a Tenant that took the name of one that has gone, not even by Observe', async () => {
    const log = createLog({ env: { LOG_LEVEL: 'silent' }, redactor: new Redactor() });
    const source = { dir: world.stackDir, env: {}, redactor: new Redactor(), log, metrics: createMetrics() };
    const stack = await openKubernetesStack({ ...source, kubeconfig: world.kube.api.kubeconfigFile });
    const serves = (): boolean => stack.current().tenant('umbrella') !== undefined;
    const tells = (): boolean => stack.current().integration('umbrella', 'notion') !== undefined;
    const end = new AbortController();
    stack.follow(log, end.signal);
    try {
      await stack.complete();
      await customers.tenant('umbrella');
      await customers.until('Tenant', 'umbrella', 'True');
      await expect.poll(serves, { timeout: 10_000 }).toBe(true);
      await expect.poll(() => injected(CUSTOMERS, 'umbrella'), { timeout: 10_000 }).toBe(true);
      await customers.remove('Tenant', 'umbrella');
      await customers.untilGone('Tenant', 'umbrella');
      for (const managementPolicy of ['Observe', 'Manage']) {
        await evil.tenant('umbrella', { managementPolicy });
        await evil.integration('umbrella', 'notion', { managementPolicy });
        await evil.reconcile('Tenant', 'umbrella');
        const refused = await evil.until('Tenant', 'umbrella', 'False');
        expect((refused.status as TenantStatus).owned).toBe(false);
        // What was written before this is in.
        await stack.reload();
        expect([serves(), tells()], managementPolicy).toEqual([false, false]);
        expect(await injected(EVIL, 'umbrella')).toBe(false);
      }
      await evil.remove('TenantIntegration', 'umbrella-notion');
      await evil.remove('Tenant', 'umbrella');
      await evil.untilGone('Tenant', 'umbrella');
      await customers.tenant('umbrella');
      await customers.until('Tenant', 'umbrella', 'True');
      await expect.poll(serves, { timeout: 10_000 }).toBe(true);
    } finally {
      end.abort();
      await stack.close();
    }
  });
});

/** Asks the webhook as the API server does. */
async function injected(namespace: string, tenant: string): Promise<boolean> {
  const url = operator.log.find((line) => line['msg'] === 'injects sidecars into Pods')?.['url'];
  const metadata = {
    name: 'app',
    labels: { 'tenantry.dev/inject': 'true' },
    annotations: { 'tenantry.dev/tenants': tenant },
  };
  const object = { metadata, spec: { containers: [{ name: 'app', image: 'app' }] } };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: '1', kind, namespace, operation: 'CREATE', object },
  };
  const text = await post(`${String(url)}${INJECT_PATH}`, JSON.stringify(review));
  const { response } = JSON.parse(text) as { response: { allowed: boolean; patch?: string } };
  return response.allowed && response.patch !== undefined;
}

function post(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' };
    const call = request(url, { method: 'POST', headers, rejectUnauthorized: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve(text));
    });
    call.on('error', reject);
    call.end(body);
  });
}

describe('a message', () => {
  it('holds no control characters of a document, and its markup is plain text', async () => {
    const key = '\u001b[2J\r\nfake line \u202e<script>alert(1)</script>';
    await evil.integration('initech', 'notion', { config: { [key]: 1 } });
    const object = await evil.until('TenantIntegration', 'initech-notion', /False InvalidDocument/);
    await expect.poll(async () => (await eventsOf('initech-notion')).length).toBeGreaterThan(0);
    const told = [messageOf(object), ...(await eventsOf('initech-notion'))];
    for (const message of told) expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(told[0]).toContain('<script>');
    await evil.remove('TenantIntegration', 'initech-notion');
  });
});

async function eventsOf(name: string): Promise<string[]> {
  return (await objectsIn(world.kube, EVIL).events(name)).map(({ message }) => message);
}

describe('a huge object', () => {
  it('has a short status, and delays nobody', async () => {
    const settings = Array.from({ length: 3_000 }, (_, index): [string, unknown] => [
      `setting-${index}`,
      index,
    ]);
    const config = Object.fromEntries([...settings, ['big', 'x'.repeat(1_000_000)]]);
    await evil.integration('initech', 'notion', { config });
    await customers.tenant('wayne');
    await customers.until('Tenant', 'wayne', 'True', 20_000);
    const object = await evil.until('TenantIntegration', 'initech-notion', /False InvalidDocument/);
    expect(messageOf(object).length).toBeLessThan(1100);
    await evil.remove('TenantIntegration', 'initech-notion');
  });
});

it('after all of that the operator has logged no secret, and globex is as it was', async () => {
  expect(JSON.stringify(operator.log)).not.toContain(SECRET);
  await customers.reconcile('Tenant', 'globex');
  await customers.until('Tenant', 'globex', 'True');
  await customers.until('TenantIntegration', 'globex-jira', 'True');
});
