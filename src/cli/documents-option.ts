/** Options of the commands that read tenants and integrations from files, or from the custom resources of a cluster. */
import { type Command, Option } from 'commander';
import { TenantryError } from '../errors.ts';

const WHERE = ['files', 'kubernetes'] as const;

export interface DocumentsOptions {
  /** `auto`: as the environment says. Undefined of a command that reads files only. */
  readonly documents?: (typeof WHERE)[number] | 'auto';
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
}

/** Where the custom resources are that a command reads. */
export interface ClusterPlace {
  /** Default: all. */
  readonly namespace: string | undefined;
  /** Default: KUBECONFIG, else ~/.kube/config, else the pod's service account. */
  readonly kubeconfig: string | undefined;
  /** Of the kubeconfig. Default: its current one. */
  readonly context: string | undefined;
  /** Name of the cluster in the owner `operator:<name>`. Default: what the Tenants' status says, else the Platform's name. */
  readonly cluster: string | undefined;
}

export function withDocumentsOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--documents <where>',
        'tenants and integrations are files of the stack, or custom resources',
      )
        .choices(WHERE)
        .default('auto', 'TENANTRY_DOCUMENTS, else files'),
    )
    .option(
      '-n, --namespace <name>',
      'only custom resources of this namespace (default: TENANTRY_NAMESPACE, else all)',
    )
    .option('--kubeconfig <file>', 'default: KUBECONFIG, else ~/.kube/config, else the pod’s service account')
    .option('--context <name>', 'of the kubeconfig (default: its current one)')
    .option('--cluster <name>', 'of the owner operator:<name> (default: as the Tenants’ status says)');
}

/** Undefined where the documents are files. @throws InvalidUsage */
export function clusterPlaceOf(options: DocumentsOptions, env: NodeJS.ProcessEnv): ClusterPlace | undefined {
  const { documents, namespace, kubeconfig, context, cluster } = options;
  if (documents === undefined) return undefined;
  if ((documents === 'auto' ? whereFrom(env) : documents) === 'kubernetes') {
    return { namespace: namespace ?? (env['TENANTRY_NAMESPACE'] || undefined), kubeconfig, context, cluster };
  }
  if ((namespace ?? kubeconfig ?? context ?? cluster) === undefined) return undefined;
  throw new TenantryError(
    'InvalidUsage',
    '--namespace, --kubeconfig, --context and --cluster need --documents kubernetes',
  );
}

function whereFrom({ TENANTRY_DOCUMENTS: where }: NodeJS.ProcessEnv): string {
  if (!where) return 'files';
  if ((WHERE as readonly string[]).includes(where)) return where;
  throw new TenantryError('InvalidUsage', `TENANTRY_DOCUMENTS is neither ${WHERE.join(' nor ')}`);
}
