import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../src/cli/program.ts';
import { resolveEngine } from '../engines/resolve.ts';
import {
  CHART,
  container,
  helm,
  NAMESPACE,
  one,
  podTemplates,
  RELEASE,
  type Rendered,
  render,
  type Values,
} from './helm-chart.ts';
import { MATRIX } from './helm-matrix.ts';

let program = '';
let folder = '';
beforeAll(async () => {
  program = await resolveEngine('helm');
  folder = await mkdtemp(join(tmpdir(), 'tenantry-chart-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function refusal(values: Values): Promise<string> {
  const { code, stderr } = await helm(program, ['template', RELEASE, CHART], { values });
  expect(code, 'Helm took the values').not.toBe(0);
  return stderr;
}

describe('the chart', () => {
  it.each(Object.entries(MATRIX))('has nothing that helm lint --strict objects to: %s', async (_, values) => {
    const answer = await helm(program, ['lint', '--strict', CHART], { values });
    expect(answer.stdout).toContain('0 chart(s) failed');
    expect(answer.stdout).not.toMatch(/\[(WARNING|ERROR)\]/);
    expect(answer.code).toBe(0);
  });

  it('lets the cluster’s roles change TenantIntegrations, and nobody make Tenants who is not bound to that', async () => {
    const objects = await render(program, { cluster: 'prod', rbac: { aggregateToDefaultRoles: true } });
    const people = objects.filter(
      ({ kind, metadata }) => kind === 'ClusterRole' && /-(view|edit)/.test(metadata.name),
    );
    const told = people.map(({ metadata, rules }) => {
      const labels = Object.keys(metadata.labels ?? {}).filter((label) => label.includes('aggregate-to'));
      return [
        metadata.name.replace(/^.*?-(?=view|edit)/, ''),
        labels.map((label) => label.replace(/^.*aggregate-to-/, '')),
        (rules as { resources: string[] }[]).flatMap(({ resources }) => resources),
      ];
    });
    expect(told).toEqual([
      ['view', ['view'], ['tenants', 'tenantintegrations']],
      ['edit', ['edit', 'admin'], ['tenantintegrations']],
      ['edit-tenants', [], ['tenants']],
    ]);
  });

  it('has the version of the package', async () => {
    const chart = parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8')) as Record<string, string>;
    const { version } = JSON.parse(await readFile(join(CHART, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(chart).toMatchObject({ version, appVersion: version });
  });

  it('can be packed', async () => {
    const answer = await helm(program, ['package', CHART, '--destination', folder]);
    expect(answer).toMatchObject({ code: 0 });
    const shown = await helm(program, ['show', 'crds', CHART]);
    // What is in crds/ is never upgraded by Helm.
    expect(shown.stdout.trim()).toBe('');
  });

  it('renders the same twice, so that GitOps sees no change where there is none', async () => {
    for (const values of Object.values(MATRIX)) {
      expect(await render(program, values)).toEqual(await render(program, values));
    }
  });

  it('says in its notes what to do next', async () => {
    const args = ['install', RELEASE, CHART, '--dry-run=client', '--namespace', NAMESPACE];
    const { stdout } = await helm(program, args, { values: { cluster: 'prod' } });
    const notes = stdout.slice(stdout.indexOf('NOTES:'));
    expect(notes).toContain('deployment/tenantry-operator');
    expect(notes).toContain('Before you uninstall, delete the TenantIntegrations and Tenants');
  });
});

describe('values that are refused', () => {
  it.each<[string, Values, string]>([
    [
      'a typing error',
      { cluster: 'a', operator: { replica: 3 } },
      "'/operator': additional properties 'replica' not allowed",
    ],
    [
      'a typing error in the Platform',
      { cluster: 'a', platform: { vault: { adress: 'x' } } },
      "'/platform/vault': additional properties 'adress' not allowed",
    ],
    [
      'a wrong type',
      { cluster: 'a', operator: { replicas: 'two' } },
      "'/operator/replicas': got string, want integer",
    ],
    [
      'no replica',
      { cluster: 'a', operator: { replicas: 0 } },
      "'/operator/replicas': minimum: got 0, want 1",
    ],
    ['no cluster', {}, 'cluster is required: the name of this operator in all that it makes'],
    ['a cluster that is no name', { cluster: 'Prod 1' }, "'/cluster': 'Prod 1' does not match pattern"],
    [
      'a secret among the variables',
      { cluster: 'a', env: { PGPASSWORD: 'geheim' } },
      'env.PGPASSWORD: a secret is never written into values',
    ],
    [
      'a secret among the sidecar’s variables',
      { cluster: 'a', sidecar: { env: { NOTION_CLIENT_SECRET: 'geheim' } } },
      'secretEnv.NOTION_CLIENT_SECRET',
    ],
    [
      'a secret in the Platform',
      { cluster: 'a', platform: { postgres: { password: 'geheim' } } },
      "'/platform/postgres/password'",
    ],
    [
      'a secret laid over the Platform',
      { cluster: 'a', sidecar: { platform: { sidecar: { database: { password: 'geheim' } } } } },
      "'/sidecar/platform/sidecar/database/password'",
    ],
    [
      'a namespace without the mode',
      { cluster: 'a', scope: { namespace: 'x' } },
      'scope.namespace counts only with scope.namespaced: true',
    ],
    [
      'injection without a certificate',
      { cluster: 'a', injection: { enabled: true, certificate: { certManager: { enabled: false } } } },
      'injection.certificate: enable certManager, or name an existingSecret',
    ],
    [
      'a certificate without its CA',
      {
        cluster: 'a',
        injection: { enabled: true, certificate: { certManager: { enabled: false }, existingSecret: 'x' } },
      },
      'injection.certificate.caBundle is required',
    ],
    [
      'no account',
      { cluster: 'a', operator: { serviceAccount: { create: false } } },
      'operator.serviceAccount.name is required',
    ],
  ])('%s', async (_, values, words) => {
    expect(await refusal(values)).toContain(words);
  });

  it('never show the secret that was written there', async () => {
    for (const values of [
      { cluster: 'a', env: { PGPASSWORD: 'geheim' } },
      { cluster: 'a', sidecar: { secretEnv: { PGPASSWORD: 'geheim' } } },
    ]) {
      expect(await refusal(values)).not.toContain('geheim');
    }
  });
});

describe('the containers', () => {
  const rendered = async (name: string): Promise<readonly Rendered[]> => render(program, MATRIX[name] ?? {});

  it.each(['operator', 'sidecar', 'migrate'])(
    '%s is started with options that the command has',
    async (name) => {
      const cli = createProgram({ io: {} as never, exit: () => undefined });
      const command = cli.commands.find((each) => each.name() === name);
      const known = command?.options.flatMap(({ short, long }) => [short, long]) ?? [];
      for (const values of Object.values(MATRIX)) {
        const pods = podTemplates(await render(program, values)).map(({ spec }) => spec.containers[0]);
        for (const { args } of pods.filter((each) => each.name === name)) {
          expect(args[0]).toBe(name);
          expect(known).toEqual(expect.arrayContaining(args.filter((arg) => arg.startsWith('--'))));
        }
      }
    },
  );

  it('get variables in the order chart, component, and secrets by reference only', async () => {
    const objects = await rendered('secrets of the user, a private catalog and every place of a pod');
    const env = (name: string): Record<string, unknown> =>
      Object.fromEntries(
        (container(objects, name).env ?? []).map((each) => [each.name, each.value ?? each.valueFrom]),
      );
    expect(env('operator')).toMatchObject({
      PGPORT: '5432',
      TENANTRY_BIG: '123456789',
      PGPASSWORD: { secretKeyRef: { name: 'tenantry-postgres', key: 'password' } },
    });
    expect(env('operator')).not.toHaveProperty('TENANTRY_PGPASSWORD');
    expect(env('sidecar')).not.toHaveProperty('PGPASSWORD');
    // It logs in as the operator and makes the sidecar's login.
    expect(env('migrate')).toMatchObject({
      PGPASSWORD: { secretKeyRef: { name: 'tenantry-postgres', key: 'password' } },
      TENANTRY_PGPASSWORD: { secretKeyRef: { name: 'tenantry-sidecar', key: 'password' } },
      TENANTRY_PGUSER: 'tenantry_app',
    });
  });

  it('let a command in them find the same documents, and leave the last word to the values', async () => {
    const values = { cluster: 'prod', env: { TENANTRY_STACK: '/elsewhere' } };
    for (const [scope, namespace] of [
      [{}, undefined],
      [{ namespaced: true, namespace: 'team-a' }, 'team-a'],
    ] as const) {
      const objects = await render(program, { ...values, scope });
      for (const name of ['operator', 'sidecar']) {
        const env = container(objects, name).env ?? [];
        const valuesOf = (wanted: string) =>
          env.filter((each) => each.name === wanted).map(({ value }) => value);
        expect(valuesOf('TENANTRY_STACK')).toEqual(['/elsewhere']);
        expect(valuesOf('TENANTRY_DOCUMENTS')).toEqual(['kubernetes']);
        expect(valuesOf('TENANTRY_NAMESPACE')).toEqual(namespace === undefined ? [] : [namespace]);
      }
    }
  });

  it('look at the namespace of the scope only', async () => {
    const objects = await rendered('another namespace only');
    for (const name of ['operator', 'sidecar']) {
      expect(container(objects, name).args.join(' ')).toContain('--namespace team-a');
    }
    expect(container(await rendered('the least that is needed'), 'operator').args).not.toContain(
      '--namespace',
    );
    const own = await rendered('its own namespace only, and the CRDs from elsewhere');
    expect(container(own, 'operator').args.join(' ')).toContain(`--namespace ${NAMESPACE}`);
  });

  it('leave nobody else without a sidecar: only pods of the scope that ask for one wait for the webhook', async () => {
    const objects = await rendered('another namespace only');
    const { webhooks } = one(
      objects,
      'MutatingWebhookConfiguration',
      `${NAMESPACE}-tenantry-injection`,
    ) as unknown as {
      webhooks: [Record<string, unknown>];
    };
    expect(webhooks[0]).toMatchObject({
      objectSelector: { matchLabels: { 'tenantry.dev/inject': 'true' } },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'team-a' } },
    });
  });

  it('find a port for each probe and Service', async () => {
    for (const values of Object.values(MATRIX)) {
      const objects = await render(program, values);
      const ports = new Set(
        podTemplates(objects).flatMap(({ spec }) => (spec.containers[0].ports ?? []).map(({ name }) => name)),
      );
      const services = objects.filter(({ kind }) => kind === 'Service');
      const targets = services.flatMap(({ spec }) =>
        ((spec?.['ports'] ?? []) as { targetPort: string }[]).map(({ targetPort }) => targetPort),
      );
      for (const target of targets) expect(ports).toContain(target);
    }
  });

  it('change their Job when image or settings change, because a Job cannot be changed', async () => {
    const jobOf = async (values: Values): Promise<string> => {
      const objects = await render(program, values);
      return objects.find(({ kind }) => kind === 'Job')?.metadata.name ?? '';
    };
    const names = await Promise.all([
      jobOf({ cluster: 'prod' }),
      jobOf({ cluster: 'prod', operator: { replicas: 3 } }),
      jobOf({ cluster: 'prod', image: { tag: 'next' } }),
      jobOf({ cluster: 'prod', platform: { postgres: { host: 'other' } } }),
    ]);
    expect(names[1]).toBe(names[0]);
    expect(new Set(names).size).toBe(3);
  });
});
