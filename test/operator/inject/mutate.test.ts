import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { injection } from '../../../src/operator/inject/mutate.ts';
import type { Container, Pod } from '../../../src/operator/inject/pod.ts';
import { IMAGE, patched, podOf, settingsOf } from './pods.ts';

const settings = settingsOf();
const sidecar = { settings, namespace: 'customers', tenants: ['acme', 'globex'] };
const inject = (pod: Pod, more: Partial<typeof sidecar> = {}): Pod =>
  patched(pod, injection(pod, { ...sidecar, ...more }));
const names = (containers: readonly Container[] = []): string[] => containers.map(({ name }) => name);
const ours = (pod: Pod): Container => {
  const found = pod.spec.initContainers?.find(({ name }) => name === 'tenantry-sidecar');
  if (found === undefined) throw new Error('there is no sidecar');
  return found;
};
const url = { name: 'TENANTRY_URL', value: 'http://127.0.0.1:7250' };

describe('a Pod that asks for a sidecar', () => {
  it('gets a native one for its tenants, with the settings’ image', () => {
    expect(ours(inject(podOf()))).toMatchObject({
      image: IMAGE,
      restartPolicy: 'Always',
      args: [
        ...['sidecar', '--posture', 'sidecar', '--port', '7250', '--stack', '/etc/tenantry'],
        ...['--documents', 'kubernetes', '--namespace', 'customers', '--no-migrate', '--no-jobs'],
        ...['--tenant', 'acme', '--tenant', 'globex'],
      ],
    });
  });

  it('gets one that the profile restricted of the Pod Security Standards allows', () => {
    expect(ours(inject(podOf())).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it('gets the address of the sidecar in its containers, beside their own variables', () => {
    const app = { name: 'app', env: [{ name: 'MODE', value: 'fast' }] };
    const { spec } = inject(podOf({ containers: [app, { name: 'worker' }] }));
    expect(spec.containers.map(({ env }) => env)).toEqual([[{ name: 'MODE', value: 'fast' }, url], [url]]);
  });

  it('keeps an address that it gives itself', () => {
    const env = [{ name: 'TENANTRY_URL', value: 'https://connect.example.com' }];
    expect(inject(podOf({ containers: [{ name: 'app', env }] })).spec.containers[0]?.env).toEqual(env);
  });

  it.each([
    ['first of the init containers', [{ name: 'migrate' }], ['tenantry-sidecar', 'migrate']],
    [
      'behind the sidecars of others, such as a mesh that all traffic goes through',
      [{ name: 'mesh-init' }, { name: 'mesh-proxy', restartPolicy: 'Always' }, { name: 'migrate' }],
      ['mesh-init', 'mesh-proxy', 'tenantry-sidecar', 'migrate'],
    ],
  ])('has it %s', (_where, initContainers, expected) => {
    const { spec } = inject(podOf({ initContainers }));
    expect(names(spec.initContainers)).toEqual(expected);
    const before = expected.indexOf('tenantry-sidecar');
    expect(spec.initContainers?.map(({ env }) => env !== undefined)).toEqual(
      expected.map((_, index) => index > before),
    );
  });

  it('is told nothing but what it needs, where the settings are the default', () => {
    expect(inject(podOf()).spec.volumes).toEqual([
      {
        name: 'tenantry-stack',
        configMap: {
          name: 'tenantry-stack',
          defaultMode: 0o644,
          items: [{ key: 'platform.yaml', path: 'platform.yaml' }],
        },
      },
    ]);
    expect(ours(inject(podOf())).volumeMounts).toEqual([
      { name: 'tenantry-stack', mountPath: '/etc/tenantry', readOnly: true },
    ]);
  });

  it('is served as the settings say', () => {
    const own = settingsOf(`
port: 7300
documents: stack
readiness: systems
runAsUser: 1000
stack: { configMap: platform, integrations: [acme-erp] }
vaultToken: { audience: vault }
env: [{ name: LOG_LEVEL, value: debug }, { name: PGPASSWORD, valueFrom: { secretKeyRef: { name: pg, key: password } } }]
envFrom: [{ secretRef: { name: more } }]
volumes: [{ name: ca, configMap: { name: ca } }]
volumeMounts: [{ name: ca, mountPath: /etc/ca, subPath: ca.crt }]
resources: { limits: { memory: 128Mi, cpu: 1 } }
extraArgs: [--verbose]
`);
    const pod = inject(podOf(), { settings: own });
    expect(ours(pod)).toMatchObject({
      env: [{ name: 'LOG_LEVEL', value: 'debug' }, { name: 'PGPASSWORD' }],
      envFrom: [{ secretRef: { name: 'more' } }],
      resources: { limits: { memory: '128Mi', cpu: '1' } },
      securityContext: { runAsUser: 1000 },
      volumeMounts: [
        { name: 'tenantry-stack', mountPath: '/etc/tenantry', readOnly: true },
        { name: 'tenantry-vault-token', mountPath: '/var/run/secrets/tenantry/vault', readOnly: true },
        { name: 'ca', mountPath: '/etc/ca', readOnly: true, subPath: 'ca.crt' },
      ],
    });
    expect(ours(pod).args).not.toContain('--documents');
    expect(ours(pod).args).toEqual(expect.arrayContaining(['7300', '--verbose']));
    expect(JSON.stringify(ours(pod).readinessProbe)).toContain("path:'/ready'");
    expect(JSON.stringify(ours(pod).startupProbe)).toContain("path:'/health'");
    expect(pod.spec.volumes?.map(({ name }) => name)).toEqual([
      'tenantry-stack',
      'tenantry-vault-token',
      'ca',
    ]);
    expect(pod.spec.containers[0]?.env).toEqual([{ name: 'TENANTRY_URL', value: 'http://127.0.0.1:7300' }]);
  });
});

describe('a second injection', () => {
  const text = fc.stringMatching(/^[a-z]{1,8}$/);
  const container = fc.record(
    {
      name: text,
      restartPolicy: fc.constant('Always'),
      env: fc.array(fc.record({ name: fc.oneof(text, fc.constant('TENANTRY_URL')), value: text }), {
        maxLength: 3,
      }),
      volumeMounts: fc.array(fc.record({ name: text, mountPath: text.map((path) => `/${path}`) }), {
        maxLength: 2,
      }),
    },
    { requiredKeys: ['name'] },
  );
  const containers = (minLength: number): fc.Arbitrary<Container[]> =>
    fc.uniqueArray(container, { minLength, maxLength: 4, selector: ({ name }) => name });
  const pods = fc
    .record(
      {
        containers: containers(1),
        initContainers: containers(0),
        volumes: fc.uniqueArray(fc.record({ name: text, emptyDir: fc.constant({}) }), {
          maxLength: 3,
          selector: ({ name }) => name,
        }),
      },
      { requiredKeys: ['containers'] },
    )
    .chain((spec) =>
      fc
        .option(fc.dictionary(text, text, { maxKeys: 2 }), { nil: undefined })
        .map((annotations) => podOf(spec, annotations)),
    );

  it('changes nothing, whatever the Pod is, and the first loses nothing of it', () => {
    fc.assert(
      fc.property(pods, (pod) => {
        const once = inject(pod);
        expect(injection(once, sidecar)).toEqual([]);
        expect(names(once.spec.initContainers).filter((name) => name === 'tenantry-sidecar')).toHaveLength(1);
        const { initContainers = [], volumes = [] } = pod.spec;
        const others = names(once.spec.initContainers).filter((name) => name !== 'tenantry-sidecar');
        expect(others).toEqual(names(initContainers));
        expect(once.spec.volumes).toEqual(expect.arrayContaining(volumes as object[]));
        expect(once.metadata?.annotations).toMatchObject(pod.metadata?.annotations ?? {});
        for (const [index, { env = [], ...rest }] of pod.spec.containers.entries()) {
          expect(once.spec.containers[index]).toMatchObject(rest);
          expect(once.spec.containers[index]?.env?.slice(0, env.length)).toEqual(env);
        }
      }),
    );
  });

  it('sees through what Kubernetes and other webhooks add', () => {
    const once = inject(podOf());
    const token = { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
    const there = ours(once);
    const completed = {
      ...there,
      terminationMessagePath: '/dev/termination-log',
      env: [{ name: 'ADDED', value: 'x' }],
      volumeMounts: [token, ...(there.volumeMounts ?? [])],
    };
    const pod = { ...once, spec: { ...once.spec, initContainers: [completed] } };
    expect(injection(pod, sidecar)).toEqual([]);
  });

  it('gives a container that another webhook added the address too, and brings an old sidecar up to date', () => {
    const once = inject(podOf(), { tenants: ['initech'] });
    const token = { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
    const old = { ...ours(once), volumeMounts: [...(ours(once).volumeMounts ?? []), token] };
    const pod = {
      ...once,
      spec: { ...once.spec, initContainers: [old], containers: [...once.spec.containers, { name: 'added' }] },
    };
    const twice = inject(pod);
    expect(twice.spec.containers[1]?.env).toEqual([url]);
    expect(ours(twice).args).not.toContain('initech');
    expect(ours(twice).volumeMounts).toContainEqual(token);
  });
});

describe('a Pod that cannot have one is refused with what to do', () => {
  const own = { name: 'tenantry-sidecar' };

  it.each<[string, Partial<Pod['spec']>, string]>([
    ['on the network of the node', { hostNetwork: true }, 'hostNetwork'],
    ['with one list of processes', { shareProcessNamespace: true }, 'shareProcessNamespace'],
    ['of Windows', { os: { name: 'windows' } }, 'Windows'],
    [
      'with the port taken',
      { containers: [{ name: 'web', ports: [{ containerPort: 7250 }] }] },
      'the container "web" has port 7250',
    ],
    ['with a container of that name', { containers: [own] }, 'a container "tenantry-sidecar" of its own'],
    [
      'with an init container of that name',
      { initContainers: [own] },
      'a container "tenantry-sidecar" of its own',
    ],
    [
      'with a volume of that name',
      { volumes: [{ name: 'tenantry-stack', emptyDir: {} }] },
      'a volume "tenantry-stack" of its own',
    ],
  ])('%s', (_what, spec, words) => {
    expect(() => inject(podOf(spec))).toThrow(
      expect.objectContaining({ code: 'InvalidDocument', message: expect.stringContaining(words) }),
    );
  });

  it('but a port of another protocol is no other’s business', () => {
    const ports = [{ containerPort: 7250, protocol: 'UDP' }];
    expect(names(inject(podOf({ containers: [{ name: 'web', ports }] })).spec.initContainers)).toEqual([
      'tenantry-sidecar',
    ]);
  });
});
