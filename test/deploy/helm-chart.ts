/** Renders the chart with the real Helm, and knows the paths of what comes out. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';

export const CHART = join(import.meta.dirname, '..', '..', 'deploy', 'helm', 'tenantry');
/** Namespace and name of every release in the tests. */
export const NAMESPACE = 'tenantry-system';
export const RELEASE = 'tenantry';

export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Record<string, unknown>;
  readonly data?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly envFrom?: readonly unknown[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly [Container, ...Container[]];
    readonly volumes: readonly {
      readonly name: string;
      readonly configMap?: {
        readonly name: string;
        readonly items?: readonly { readonly key: string; readonly path: string }[];
      };
    }[];
  };
}

export type Values = Readonly<Record<string, unknown>>;

export interface HelmAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Helm with an empty home of its own. `values` become a file behind the arguments. */
export async function helm(
  program: string,
  args: readonly string[],
  options: { readonly values?: Values; readonly kubeconfig?: string } = {},
): Promise<HelmAnswer> {
  const home = await mkdtemp(join(tmpdir(), 'tenantry-helm-'));
  try {
    const file = join(home, 'values.yaml');
    await writeFile(file, stringify(options.values ?? {}));
    const env = {
      PATH: process.env['PATH'],
      HOME: home,
      HELM_PLUGINS: home,
      // Without one Helm must not find that of who runs the tests.
      KUBECONFIG: options.kubeconfig ?? join(home, 'none'),
    };
    const withValues = options.values === undefined ? args : [...args, '--values', file];
    const answer = await promisify(execFile)(program, withValues, { env, maxBuffer: 64 * 1024 * 1024 }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code?: number; stdout?: string; stderr?: string }) => ({
        code: error.code ?? -1,
        stdout: error.stdout ?? '',
        stderr: error.stderr ?? '',
      }),
    );
    return answer;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** What Helm would install. Rejects with Helm's words. */
export async function render(program: string, values: Values): Promise<readonly Rendered[]> {
  const args = ['template', RELEASE, CHART, '--namespace', NAMESPACE];
  const { code, stdout, stderr } = await helm(program, args, { values });
  if (code !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).flatMap((document) => {
    if ('errors' in document && document.errors.length > 0) throw document.errors[0];
    const value = document.toJS() as Rendered | null;
    return value === null ? [] : [value];
  });
}

export function one(objects: readonly Rendered[], kind: string, name: string): Rendered {
  const found = objects.filter((each) => each.kind === kind && each.metadata.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} objects ${kind} ${name}`);
  return only;
}

/** Templates of the pods that Deployments and Jobs make. */
export function podTemplates(objects: readonly Rendered[]): readonly PodTemplate[] {
  return objects
    .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
    .map(({ spec }) => spec?.['template'] as PodTemplate);
}

/** The container of a program: `operator`, `sidecar` or `migrate`. */
export function container(objects: readonly Rendered[], name: string): Container {
  const found = podTemplates(objects).find(({ spec }) => spec.containers[0].name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found.spec.containers[0];
}

const CLUSTER_WIDE = new Set([
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'MutatingWebhookConfiguration',
]);

/** Where the API server has an object. */
export function pathOf({ apiVersion, kind, metadata }: Rendered): string {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`;
  const within = CLUSTER_WIDE.has(kind) ? '' : `/namespaces/${metadata.namespace ?? NAMESPACE}`;
  return `${base}${within}/${plural.toLowerCase()}/${metadata.name}`;
}
