/** The sidecar as a container of a Pod, with the volumes that it needs; a pure function of settings and tenants. */
import type { Container, EnvVar, Volume, VolumeMount } from './pod.ts';
import type { InjectSettings } from './settings.ts';

export const SIDECAR_CONTAINER = 'tenantry-sidecar';
const STACK_VOLUME = 'tenantry-stack';
const STACK_PATH = '/etc/tenantry';
const VAULT_TOKEN_VOLUME = 'tenantry-vault-token';
const VAULT_TOKEN_PATH = '/var/run/secrets/tenantry/vault';

export interface SidecarOf {
  readonly settings: InjectSettings;
  /** Of the Pod. */
  readonly namespace: string;
  readonly tenants: readonly string[];
}

/** Address of the sidecar for the other containers of the Pod. */
export function sidecarUrl({ port }: Pick<InjectSettings, 'port'>): string {
  return `http://127.0.0.1:${port}`;
}

/**
 * A native sidecar: an init container that is not waited for and ends after the application
 * (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/). Fields with a default of Kubernetes are
 * written out, so that what comes back from the API server is what was made.
 */
export function sidecarContainer({ settings, namespace, tenants }: SidecarOf): Container {
  const { image, imagePullPolicy, env, envFrom, resources, runAsUser } = settings;
  return {
    name: SIDECAR_CONTAINER,
    image,
    imagePullPolicy,
    restartPolicy: 'Always',
    args: args({ settings, namespace, tenants }),
    ...(env.length > 0 && { env: env as readonly EnvVar[] }),
    ...(envFrom.length > 0 && { envFrom }),
    volumeMounts: mounts(settings),
    resources,
    // The application is started when the sidecar answers, and has 3 minutes for that: Vault or Postgres may be away.
    startupProbe: probe(settings, '/health', { periodSeconds: 2, failureThreshold: 90 }),
    readinessProbe: probe(settings, settings.readiness === 'systems' ? '/ready' : '/health', {
      periodSeconds: 10,
      failureThreshold: 3,
    }),
    // Pod Security Standards, profile restricted.
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function args({ settings, namespace, tenants }: SidecarOf): string[] {
  const { port, documents, extraArgs } = settings;
  return [
    'sidecar',
    '--posture',
    'sidecar',
    '--port',
    String(port),
    '--stack',
    STACK_PATH,
    ...(documents === 'kubernetes' ? ['--documents', 'kubernetes', '--namespace', namespace] : []),
    // A Pod of an application has no right to change tables.
    '--no-migrate',
    // It knows the documents of its own namespace only; the queue is everybody's.
    '--no-jobs',
    ...tenants.flatMap((tenant) => ['--tenant', tenant]),
    ...extraArgs,
  ];
}

/** By a program in the container: the sidecar listens on loopback, where the kubelet's own probes do not come. */
function probe(
  { node, port }: InjectSettings,
  path: string,
  times: { readonly periodSeconds: number; readonly failureThreshold: number },
): object {
  const script =
    `require('node:http').get({port:${port},host:'127.0.0.1',path:'${path}',timeout:4000},` +
    "r=>process.exit(r.statusCode===200?0:1)).on('timeout',()=>process.exit(1)).on('error',()=>process.exit(1))";
  return { exec: { command: [node, '-e', script] }, timeoutSeconds: 5, successThreshold: 1, ...times };
}

function mounts({ vaultToken, volumeMounts }: InjectSettings): VolumeMount[] {
  return [
    { name: STACK_VOLUME, mountPath: STACK_PATH, readOnly: true },
    ...(vaultToken === undefined
      ? []
      : [{ name: VAULT_TOKEN_VOLUME, mountPath: VAULT_TOKEN_PATH, readOnly: true }]),
    ...volumeMounts.map(({ subPath, ...mount }) => ({ ...mount, ...(subPath !== undefined && { subPath }) })),
  ];
}

export function sidecarVolumes({ stack, vaultToken, volumes }: InjectSettings): Volume[] {
  const items = [
    { key: 'platform.yaml', path: 'platform.yaml' },
    ...stack.integrations.map((id) => ({ key: `integration.${id}.yaml`, path: `integrations/${id}.yaml` })),
  ];
  const serviceAccountToken = { ...vaultToken, path: 'token' };
  return [
    { name: STACK_VOLUME, configMap: { name: stack.configMap, defaultMode: 0o644, items } },
    ...(vaultToken === undefined
      ? []
      : [
          {
            name: VAULT_TOKEN_VOLUME,
            projected: { defaultMode: 0o644, sources: [{ serviceAccountToken }] },
          },
        ]),
    ...volumes,
  ];
}
