import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { resolveEngine } from '../engines/resolve.ts';
import { type KubeAnswer, type KubeApi, startKubeApi } from '../support/engines/kube-api.ts';
import {
  CHART,
  helm,
  NAMESPACE,
  pathOf,
  podTemplates,
  RELEASE,
  type Rendered,
  render,
  type Values,
} from './helm-chart.ts';
import { MATRIX } from './helm-matrix.ts';

let program = '';
let kube: KubeApi;

beforeAll(async () => {
  [program, kube] = await Promise.all([resolveEngine('helm'), startKubeApi()]);
  for (const name of [NAMESPACE, 'team-a', 'release', 'restricted']) await makeNamespace(name);
  await Promise.all(STAND_INS.map(async (definition) => apply(definition)));
  for (const { spec } of STAND_INS) await isServed(spec.group, spec.names.plural, 'v1');
});
afterAll(() => kube?.close());

/** Kinds of other projects, whose definitions a cluster has from there: here any content is taken. */
const STAND_INS = [
  ['monitoring.coreos.com', 'ServiceMonitor'],
  ['monitoring.coreos.com', 'PrometheusRule'],
  ['cert-manager.io', 'Certificate'],
  ['cert-manager.io', 'Issuer'],
].map(([group = '', kind = '']) => {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
});

async function makeNamespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  expect((await kube.call('POST', '/api/v1/namespaces', { body })).status).toBe(201);
}

/** Server-side apply, as GitOps does it; a field that the API server does not know is an error. */
async function apply(object: Rendered): Promise<KubeAnswer> {
  const answer = await kube.call(
    'PATCH',
    `${pathOf(object)}?fieldManager=test&force=true&fieldValidation=Strict`,
    { body: object, contentType: 'application/apply-patch+yaml' },
  );
  const { kind, metadata } = object;
  expect([200, 201], `${kind} ${metadata.name}: ${JSON.stringify(answer.body)}`).toContain(answer.status);
  return answer;
}

async function isServed(group: string, plural: string, version: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const { status } = await kube.call('GET', `/apis/${group}/${version}/${plural}`);
      expect(status).toBe(200);
    },
    { timeout: 20_000, interval: 100 },
  );
}

describe('what the chart renders', () => {
  it.each(Object.entries(MATRIX))('is taken by the API server, and the same again: %s', async (_, values) => {
    const objects = await render(program, values);
    expect(objects.length).toBeGreaterThan(10);
    for (const object of objects) await apply(object);
    for (const object of objects) {
      const before = await kube.call('GET', pathOf(object));
      const after = await apply(object);
      const version = ({ body }: KubeAnswer): unknown =>
        (body['metadata'] as Record<string, unknown>)['resourceVersion'];
      expect(version(after), `${object.kind} ${object.metadata.name}`).toBe(version(before));
    }
  });

  it('is not taken with a typing error in it', async () => {
    const [deployment] = (await render(program, { cluster: 'prod' })).filter(
      ({ kind }) => kind === 'Deployment',
    );
    const wrong = { ...(deployment as Rendered), spec: { ...deployment?.spec, replica: 2 } };
    await expect(apply(wrong)).rejects.toThrow('.spec.replica');
  });

  it('defines the two kinds, and keeps them when the release goes', async () => {
    const crds = (await render(program, { cluster: 'prod' })).filter(
      ({ kind }) => kind === 'CustomResourceDefinition',
    );
    expect(crds.map(({ metadata }) => metadata.name)).toEqual([
      'tenantintegrations.tenantry.dev',
      'tenants.tenantry.dev',
    ]);
    for (const { metadata } of crds) {
      expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
      const file = join(CHART, '..', '..', '..', 'crds', `tenantry.dev_${metadata.name.split('.')[0]}.yaml`);
      const own = parse(await readFile(file, 'utf8')) as Rendered;
      const rendered = crds.find((each) => each.metadata.name === metadata.name);
      expect(rendered?.spec).toEqual(own.spec);
    }
  });
});

describe('pod security', () => {
  beforeAll(() =>
    makeNamespace('enforced', {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'latest',
    }),
  );
  const create = (spec: unknown, labels = {}): Promise<KubeAnswer> =>
    kube.call('POST', '/api/v1/namespaces/enforced/pods', {
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'pod-', labels }, spec },
    });

  it.each(Object.entries(MATRIX))('restricted admits every pod: %s', async (_, values) => {
    const templates = podTemplates(await render(program, values));
    expect(templates.length).toBeGreaterThan(0);
    for (const { metadata, spec } of templates) {
      // The ServiceAccount plugin, which is off here, is what would mind that there is none.
      const { status, body } = await create(spec, metadata.labels);
      expect(status, JSON.stringify(body['message'])).toBe(201);
    }
  });

  it('restricted would refuse a container without its security context', async () => {
    const [template] = podTemplates(await render(program, { cluster: 'prod' }));
    const containers = template?.spec.containers.map((each) => ({ ...each, securityContext: {} }));
    const { status, body } = await create({ ...template?.spec, containers });
    expect(status).toBe(403);
    expect(body['message']).toContain('violates PodSecurity "restricted:latest"');
  });
});

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

interface Resource {
  readonly group: string;
  /** With its subresource, e.g. `pods/exec`. */
  readonly name: string;
}

/** Everything that this API server has. */
async function resources(): Promise<readonly Resource[]> {
  const groups = (await kube.call('GET', '/apis')).body['groups'] as {
    preferredVersion: { groupVersion: string };
  }[];
  const versions = ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
  const lists = await Promise.all(
    versions.map(async (version) => {
      const path = version === 'v1' ? '/api/v1' : `/apis/${version}`;
      const found = (await kube.call('GET', path)).body['resources'] as { name: string }[];
      const group = version.includes('/') ? (version.split('/')[0] ?? '') : '';
      return found.map(({ name }) => ({ group, name }));
    }),
  );
  return lists.flat();
}

interface Access {
  readonly account: string;
  /** Empty is the whole cluster. */
  readonly namespace: string;
  readonly name?: string;
}

async function mayDo(access: Access, verb: string, { group, name: whole }: Resource): Promise<boolean> {
  const [resource = '', subresource = ''] = whole.split('/');
  const { account, namespace, name = '' } = access;
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: `system:serviceaccount:${NAMESPACE}:${account}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`, 'system:authenticated'],
      resourceAttributes: { group, resource, subresource, namespace, name, verb },
    },
  };
  const answer = await kube.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { body });
  return (answer.body['status'] as { allowed: boolean }).allowed;
}

/** What an account may do, of everything that there is to do, beyond what everybody may. */
async function rights(access: Access): Promise<readonly string[]> {
  const limit = pLimit(16);
  const found = (await resources()).flatMap((resource) =>
    VERBS.map((verb) =>
      limit(async () => ((await mayDo(access, verb, resource)) ? [`${verb} ${resource.name}`] : [])),
    ),
  );
  const everybody = [
    'create selfsubjectaccessreviews',
    'create selfsubjectrulesreviews',
    'create selfsubjectreviews',
  ];
  return (await Promise.all(found))
    .flat()
    .filter((right) => !everybody.includes(right))
    .sort();
}

const OWN_KINDS = ['tenantintegrations', 'tenants'];
const READING = OWN_KINDS.flatMap((kind) => ['get', 'list', 'watch'].map((verb) => `${verb} ${kind}`));
const OPERATOR = [
  ...READING,
  ...OWN_KINDS.flatMap((kind) => [`patch ${kind}`, `patch ${kind}/status`, `update ${kind}/finalizers`]),
  'create events',
  'patch events',
].sort();

/** Installs the rights only, after those of earlier tests are gone. */
async function install(values: Values): Promise<void> {
  const kinds = ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'];
  for (const each of Object.values(MATRIX)) {
    for (const object of await render(program, each)) {
      if (kinds.includes(object.kind)) await kube.call('DELETE', pathOf(object));
    }
  }
  const objects = await render(program, values);
  for (const object of objects.filter(
    ({ kind }) => kinds.includes(kind) || kind === 'CustomResourceDefinition',
  )) {
    await apply(object);
  }
  await isServed('tenantry.dev', 'tenants', 'v1alpha1');
  await isServed('tenantry.dev', 'tenantintegrations', 'v1alpha1');
}

describe('rights', { timeout: 120_000 }, () => {
  // A finalizers subresource is a right without a resource, so discovery does not list it.
  const withoutFinalizers = OPERATOR.filter((right) => !right.endsWith('/finalizers'));

  it('of the operator are the two kinds and their events in the cluster, and its Lease, and nothing else', async () => {
    await install({ cluster: 'prod' });
    const account = 'tenantry-operator';
    expect(await rights({ account, namespace: '' })).toEqual(withoutFinalizers);
    expect(await rights({ account, namespace: 'team-a' })).toEqual(withoutFinalizers);
    expect(await rights({ account, namespace: NAMESPACE })).toEqual(
      [...withoutFinalizers, 'create leases'].sort(),
    );
    const leases = { group: 'coordination.k8s.io', name: 'leases' };
    const own = { account, namespace: NAMESPACE, name: 'tenantry-operator' };
    expect(await mayDo(own, 'update', leases)).toBe(true);
    expect(await mayDo(own, 'get', leases)).toBe(true);
    expect(await mayDo({ ...own, name: 'another' }, 'update', leases)).toBe(false);
    for (const kind of OWN_KINDS) {
      const finalizers = { group: 'tenantry.dev', name: `${kind}/finalizers` };
      expect(await mayDo({ account, namespace: 'team-a' }, 'update', finalizers)).toBe(true);
    }
  });

  it('of the sidecar are to see the two kinds, and nothing else', async () => {
    await install({ cluster: 'prod' });
    const account = 'tenantry-sidecar';
    expect(await rights({ account, namespace: '' })).toEqual([...READING].sort());
    expect(await rights({ account, namespace: NAMESPACE })).toEqual([...READING].sort());
  });

  it('to ask whose a token is are given to the sidecar only where that is switched on', async () => {
    await install({ cluster: 'prod', sidecar: { tokenReview: { enabled: true } } });
    expect(await rights({ account: 'tenantry-sidecar', namespace: '' })).toEqual(
      ['create tokenreviews', ...READING].sort(),
    );
    expect(await rights({ account: 'tenantry-operator', namespace: '' })).toEqual(withoutFinalizers);
  });

  it('end at the namespace where there is one', async () => {
    const values = { cluster: 'prod', scope: { namespaced: true, namespace: 'team-a' } };
    await install(values);
    const objects = await render(program, values);
    expect(objects.filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
    expect(await rights({ account: 'tenantry-operator', namespace: 'team-a' })).toEqual(withoutFinalizers);
    expect(await rights({ account: 'tenantry-sidecar', namespace: 'team-a' })).toEqual([...READING].sort());
    expect(await rights({ account: 'tenantry-operator', namespace: NAMESPACE })).toEqual(['create leases']);
    for (const account of ['tenantry-operator', 'tenantry-sidecar']) {
      expect(await rights({ account, namespace: '' })).toEqual([]);
      expect(await rights({ account, namespace: 'release' })).toEqual([]);
    }
  });
});

describe('a release', { timeout: 120_000 }, () => {
  const run = async (args: readonly string[], values?: Values): Promise<void> => {
    const answer = await helm(program, [...args, '--namespace', 'release'], {
      kubeconfig: kube.kubeconfigFile,
      ...(values && { values }),
    });
    expect(answer.code, answer.stderr).toBe(0);
  };
  const tenant = '/apis/tenantry.dev/v1alpha1/namespaces/release/tenants/acme';
  const statusOf = async (path: string): Promise<number> => (await kube.call('GET', path)).status;
  const deployment = '/apis/apps/v1/namespaces/release/deployments/tenantry-operator';

  it('is installed, upgraded with its old values, and gone; the kinds and the tenants stay', async () => {
    for (const { kind, metadata, ...rest } of await render(program, { cluster: 'prod' })) {
      // Helm takes over nothing that it did not make: the objects of earlier tests have to go.
      if (kind.startsWith('C')) await kube.call('DELETE', pathOf({ kind, metadata, ...rest } as Rendered));
    }
    await vi.waitFor(async () => expect(await statusOf('/apis/tenantry.dev/v1alpha1')).toBe(404), {
      timeout: 20_000,
      interval: 100,
    });
    const values = { cluster: 'prod', operator: { replicas: 3 } };
    await run(['install', RELEASE, CHART], values);
    await isServed('tenantry.dev', 'tenants', 'v1alpha1');
    const body = {
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: 'Tenant',
      metadata: { name: 'acme' },
      spec: {},
    };
    expect((await kube.call('POST', tenant.replace(/\/acme$/, ''), { body })).status).toBe(201);
    await run(['upgrade', RELEASE, CHART, '--reuse-values', '--set', 'sidecar.replicas=4']);
    await run(['upgrade', RELEASE, CHART, '--reset-then-reuse-values']);
    const { body: found } = await kube.call('GET', deployment);
    expect(found).toMatchObject({ spec: { replicas: 3 } });
    await run(['uninstall', RELEASE]);
    expect(await statusOf(deployment)).toBe(404);
    expect(await statusOf(tenant)).toBe(200);
  });

  it('takes the kinds over that another left', async () => {
    await run(['install', RELEASE, CHART, '--take-ownership'], { cluster: 'prod' });
    expect(await statusOf(deployment)).toBe(200);
    expect(await statusOf(tenant)).toBe(200);
    await run(['uninstall', RELEASE]);
  });

  it('needs no new values of who upgrades with those of an earlier version', async () => {
    const folder = join(import.meta.dirname, 'helm-values');
    const old = parse(await readFile(join(folder, '0.1.0.yaml'), 'utf8')) as Values;
    await run(['install', RELEASE, CHART], old);
    expect(await statusOf(deployment)).toBe(200);
    await run(['uninstall', RELEASE]);
  });
});
