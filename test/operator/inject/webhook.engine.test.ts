import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { certificateIn } from '../../../src/operator/inject/certificate.ts';
import type { Container, Pod } from '../../../src/operator/inject/pod.ts';
import { INJECT_PATH, type Injector, startInjector } from '../../../src/operator/inject/server.ts';
import { Redactor } from '../../../src/redact.ts';
import { type KubeAnswer, type KubeApi, startKubeApi } from '../../support/engines/kube-api.ts';
import { selfSigned } from '../kube/self-signed.ts';
import { settingsOf } from './pods.ts';

let kube: KubeApi;
let injector: Injector;
let folder: string;
let reviews = 0;
const stop = new AbortController();

const NAMESPACE = 'customers';
const TENANTS = new Set([`${NAMESPACE}/acme`, `${NAMESPACE}/globex`, 'elsewhere/initech']);
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

const settings = settingsOf(`
vaultToken: { audience: vault }
env:
  - { name: LOG_LEVEL, value: debug }
  - { name: PGPASSWORD, valueFrom: { secretKeyRef: { name: pg, key: password } } }
envFrom: [{ configMapRef: { name: more } }]
volumes: [{ name: ca, configMap: { name: ca } }]
volumeMounts: [{ name: ca, mountPath: /etc/ca }]
`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-webhook-'));
  const { cert, key } = selfSigned();
  await writeFile(join(folder, 'tls.crt'), cert);
  await writeFile(join(folder, 'tls.key'), key);
  [kube, injector] = await Promise.all([
    startKubeApi(),
    startInjector({
      host: '127.0.0.1',
      port: 0,
      tls: certificateIn(folder),
      settings,
      hasTenant: (namespace, name) => TENANTS.has(`${namespace}/${name}`),
      log: createLog({ env: {}, redactor: new Redactor(), write: () => undefined }),
      signal: stop.signal,
      onReview: () => {
        reviews += 1;
      },
    }),
  ]);
  await post('/api/v1/namespaces', {
    metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  // Two of them, as when an upgrade leaves one behind: the second sees a Pod that has its sidecar.
  for (const name of ['first', 'second']) await post(CONFIGURATIONS, configuration(name, cert));
  await vi.waitFor(async () => {
    const before = reviews;
    expect((await create(pod(), '?dryRun=All')).body['message']).toBeUndefined();
    expect(reviews - before).toBeGreaterThanOrEqual(2);
  }, 20_000);
});
afterAll(async () => {
  await kube?.close();
  await injector?.close();
  await rm(folder, { recursive: true });
});

async function post(path: string, body: object): Promise<void> {
  const answer = await kube.call('POST', path, { body });
  expect(answer.body['message']).toBeUndefined();
}

/** As docs/kubernetes/injection.md has it, but by address. */
function configuration(name: string, ca: string): object {
  return {
    metadata: { name },
    webhooks: [
      {
        name: 'inject.tenantry.dev',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        timeoutSeconds: 5,
        reinvocationPolicy: 'IfNeeded',
        clientConfig: { url: `${injector.url}${INJECT_PATH}`, caBundle: Buffer.from(ca).toString('base64') },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            resources: ['pods'],
            operations: ['CREATE'],
            scope: 'Namespaced',
          },
        ],
        objectSelector: { matchLabels: { 'tenantry.dev/inject': 'true' } },
      },
    ],
  };
}

const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

interface Wish {
  readonly name?: string;
  readonly tenants?: string;
  readonly labels?: Record<string, string>;
  readonly spec?: object;
}

function pod({ name = 'shop', tenants = 'acme,globex', labels, spec }: Wish = {}): object {
  const container = { name: 'app', image: 'registry.example.com/shop:1', securityContext: restricted };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: labels ?? { 'tenantry.dev/inject': 'true' },
      annotations: { 'tenantry.dev/tenants': tenants },
    },
    spec: {
      containers: [container],
      initContainers: [{ ...container, name: 'migrate' }],
      serviceAccountName: 'shop',
      automountServiceAccountToken: false,
      ...spec,
    },
  };
}

const create = (body: object, query = ''): Promise<KubeAnswer> =>
  kube.call('POST', `/api/v1/namespaces/${NAMESPACE}/pods${query || '?fieldValidation=Strict'}`, { body });

const inits = ({ body }: KubeAnswer): readonly Container[] =>
  (body as unknown as Pod).spec.initContainers ?? [];

describe('on a real API server', () => {
  it('a Pod comes back with its sidecar, and pod security restricted lets it in', async () => {
    const made = await create(pod());
    expect(made.body['message']).toBeUndefined();
    expect(inits(made).map(({ name }) => name)).toEqual(['tenantry-sidecar', 'migrate']);
    expect(inits(made)[0]).toMatchObject({
      restartPolicy: 'Always',
      securityContext: { runAsNonRoot: true },
    });
    const { spec, metadata } = made.body as unknown as Pod;
    const url = { name: 'TENANTRY_URL', value: 'http://127.0.0.1:7250' };
    expect(spec.containers[0]?.env).toEqual([url]);
    expect(inits(made)[1]?.env).toEqual([url]);
    expect(metadata?.annotations).toMatchObject({ 'tenantry.dev/injected': 'true' });
    expect(spec.volumes?.map(({ name }) => name)).toEqual(['tenantry-stack', 'tenantry-vault-token', 'ca']);
    const kept = await kube.call('GET', `/api/v1/namespaces/${NAMESPACE}/pods/shop`);
    expect((kept.body as unknown as Pod).spec).toEqual(spec);
  });

  it('a Pod that comes back from a backup, with its sidecar, is as it was', async () => {
    const { spec } = (await kube.call('GET', `/api/v1/namespaces/${NAMESPACE}/pods/shop`))
      .body as unknown as Pod;
    const again = pod({ name: 'restored', spec }) as { metadata: { annotations: Record<string, string> } };
    again.metadata.annotations['tenantry.dev/injected'] = 'true';
    const made = await create(again);
    expect(made.body['message']).toBeUndefined();
    expect((made.body as unknown as Pod).spec).toEqual(spec);
  });

  it('a Pod that does not ask never comes to the webhook', async () => {
    const before = reviews;
    const made = await create(pod({ name: 'plain', labels: { app: 'plain' } }));
    expect(made.status).toBe(201);
    expect(inits(made).map(({ name }) => name)).toEqual(['migrate']);
    expect(reviews).toBe(before);
  });

  it.each([
    ['without a tenant', { tenants: '' }, 422, 'which is no name of a Tenant; write the names'],
    [
      'for a tenant of another namespace',
      { tenants: 'initech' },
      403,
      'the namespace "customers" has no Tenant "initech"',
    ],
    [
      'on the network of the node',
      { spec: { hostNetwork: true } },
      422,
      'hostNetwork: true, so every program',
    ],
  ])('a Pod %s is refused in words', async (_what, wish, status, words) => {
    const refused = await create(pod({ name: 'refused', ...wish }));
    expect(refused.status).toBe(status);
    expect(refused.body['message']).toContain('admission webhook "inject.tenantry.dev" denied the request: ');
    expect(refused.body['message']).toContain(words);
  });

  it('pod security restricted does judge the Pod, after the sidecar was put in', async () => {
    const loose = { containers: [{ name: 'app', image: 'registry.example.com/shop:1' }], initContainers: [] };
    const refused = await create(pod({ name: 'loose', spec: loose }));
    expect(refused.status).toBe(403);
    expect(refused.body['message']).toContain('violates PodSecurity "restricted:latest"');
    expect(refused.body['message']).toContain('container "app"');
    expect(refused.body['message']).not.toContain('tenantry-sidecar');
  });

  it('with nobody to answer, a Pod that asks is refused and any other is not', async () => {
    await injector.close();
    const refused = await create(pod({ name: 'late' }));
    expect(refused.status).toBe(500);
    expect(refused.body['message']).toContain('failed calling webhook "inject.tenantry.dev"');
    expect((await create(pod({ name: 'other', labels: {} }))).status).toBe(201);
  });
});
