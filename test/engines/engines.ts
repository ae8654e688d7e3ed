/** The real programs that the tests start: their versions, and how each is found and built. */

export type EngineName = 'vault' | 'etcd' | 'kube-apiserver' | 'pulumi' | 'deploy-check' | 'helm' | 'kstatus';

/** A program that may stand for the engine when it is on PATH. */
export interface Program {
  readonly name: string;
  /** Beginning of the versions that behave as the tests expect, e.g. `1.21.`. */
  readonly series: string;
  /** Arguments that make it print its version. */
  readonly versionArgs: readonly string[];
}

export interface Engine {
  /** The version that is built. */
  readonly version: string;
  /** Environment variable with the path of a program to use, whatever its version. */
  readonly variable: string;
  /** The first is also the one that is built. */
  readonly programs: readonly [Program, ...Program[]];
  /** Looked for in the folder KUBEBUILDER_ASSETS too, where Kubernetes developers keep it. */
  readonly isAsset: boolean;
  /** Folder of this folder with the go.mod that pins it. */
  readonly module: 'vault' | 'kubernetes' | 'pulumi' | 'deploy' | 'helm' | 'kstatus';
  readonly package: string;
  /** Variables that the linker sets: a build from a module knows nothing of its release. */
  readonly stamps: readonly string[];
  /** How long a first build takes on 2 cores, in words. */
  readonly buildTime: string;
}

const kubernetesVersion = 'k8s.io/component-base/version';

export const engines: Readonly<Record<EngineName, Engine>> = {
  vault: {
    version: '1.21.1',
    variable: 'TENANTRY_VAULT',
    programs: [
      { name: 'vault', series: '1.21.', versionArgs: ['version'] },
      { name: 'bao', series: '2.', versionArgs: ['version'] },
    ],
    isAsset: false,
    module: 'vault',
    package: 'github.com/hashicorp/vault',
    stamps: [],
    buildTime: '5 to 7 minutes',
  },
  etcd: {
    version: '3.6.5',
    variable: 'TENANTRY_ETCD',
    programs: [{ name: 'etcd', series: '3.6.', versionArgs: ['--version'] }],
    isAsset: true,
    module: 'kubernetes',
    package: 'go.etcd.io/etcd/server/v3',
    stamps: [],
    buildTime: 'less than a minute',
  },
  'kube-apiserver': {
    version: '1.35.4',
    variable: 'TENANTRY_KUBE_APISERVER',
    programs: [{ name: 'kube-apiserver', series: '1.35.', versionArgs: ['--version'] }],
    isAsset: true,
    module: 'kubernetes',
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    stamps: [
      `${kubernetesVersion}.gitVersion=v1.35.4`,
      `${kubernetesVersion}.gitMajor=1`,
      `${kubernetesVersion}.gitMinor=35`,
    ],
    buildTime: '2 to 8 minutes',
  },
  pulumi: {
    version: '3.250.0',
    variable: 'TENANTRY_PULUMI',
    programs: [{ name: 'pulumi', series: '3.250.', versionArgs: ['version'] }],
    isAsset: false,
    module: 'pulumi',
    package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
    stamps: ['github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.250.0'],
    buildTime: '2 to 3 minutes',
  },
  // A program of ours round the code that Docker reads compose files and Dockerfiles with, and Prometheus its expressions.
  'deploy-check': {
    version: '1.1.0',
    variable: 'TENANTRY_DEPLOY_CHECK',
    programs: [{ name: 'deploy-check', series: '1.1.', versionArgs: ['version'] }],
    isAsset: false,
    module: 'deploy',
    package: '.',
    stamps: ['main.version=1.1.0'],
    buildTime: 'less than a minute',
  },
  helm: {
    version: '4.1.4',
    variable: 'TENANTRY_HELM',
    programs: [{ name: 'helm', series: '4.1.', versionArgs: ['version', '--short'] }],
    isAsset: false,
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    stamps: ['helm.sh/helm/v4/internal/version.version=v4.1.4'],
    buildTime: '1 to 3 minutes',
  },
  // A program of ours round kstatus and the Lua of Argo CD.
  kstatus: {
    version: '1.0.0',
    variable: 'TENANTRY_KSTATUS',
    programs: [{ name: 'kstatus-check', series: '1.0.', versionArgs: ['version'] }],
    isAsset: false,
    module: 'kstatus',
    package: '.',
    stamps: ['main.version=1.0.0'],
    buildTime: 'less than a minute',
  },
};

export const engineNames = Object.keys(engines) as readonly EngineName[];
