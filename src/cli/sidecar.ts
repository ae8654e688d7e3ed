/** `tenantry sidecar`: the service that connects tenants, keeps their tokens and uses them in calls. */
import { once } from 'node:events';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { asTenantryError, TenantryError } from '../errors.ts';
import type { KubernetesDocuments } from '../sidecar/stack/kubernetes.ts';
import { resolveStack } from '../spec/load.ts';
import { type CommandContext, type ExitCode, report, stackCommand } from './command.ts';
import type { Io } from './io.ts';
import { environment, type StackOptions } from './session.ts';

interface SidecarOptions extends StackOptions {
  readonly posture: 'gateway' | 'sidecar';
  readonly host?: string;
  readonly port?: number;
  readonly migrate: boolean;
  readonly jobs: boolean;
  readonly documents: 'files' | 'kubernetes';
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function sidecarCommand(context: CommandContext): Command {
  return stackCommand('sidecar', {
    summary: 'serve OAuth, tokens, proxy and webhooks over HTTP',
    description:
      'Connects tenants by OAuth, keeps their tokens encrypted with their own keys, refreshes them once over all replicas, and injects them into outgoing calls. Any number of replicas may run; they share Postgres and Vault.\nPosture gateway is a shared deployment: every caller has a credential. Posture sidecar stands beside the application in its pod: it listens on loopback only, and the application needs no credential for the tenants that --tenant names.\nWith --documents kubernetes the tenants and integrations are the custom resources of a cluster; the stack’s folder gives the Platform document and private catalog entries. In a pod the service account is used, elsewhere the kubeconfig.\nWithout a stack, ENABLE_TENANT_CONFIG_FILE=true and TENANT_CONFIG_PATH name a tenants.json to serve. SIGTERM and Ctrl-C end it after what is under way is finished.',
    examples: [
      'tenantry sidecar --stack prod',
      'tenantry sidecar --stack prod --posture sidecar --tenant acme',
      'tenantry sidecar --stack /etc/tenantry --documents kubernetes',
      'ENABLE_TENANT_CONFIG_FILE=true TENANT_CONFIG_PATH=tenants.json tenantry sidecar',
    ],
  })
    .addOption(
      new Option('--posture <posture>', 'gateway: shared; sidecar: loopback, in the application’s pod')
        .choices(['gateway', 'sidecar'])
        .default('gateway'),
    )
    .option('--host <address>', 'address to listen on (default: 0.0.0.0; loopback in posture sidecar)')
    .option('--port <number>', 'port to listen on (default: PORT, else 7250)', portOf)
    .option(
      '--no-jobs',
      'leave background work (refreshes in time, webhooks) to other replicas; a token is still refreshed when it is asked for',
    )
    .option('--no-migrate', 'do not bring the platform tables up to date first; `tenantry migrate` did')
    .addOption(
      new Option(
        '-t, --tenant <name...>',
        'posture sidecar: tenants that callers without a credential act for (default: none)',
      ),
    )
    .addOption(
      new Option(
        '--documents <where>',
        'tenants and integrations are files of the stack, or custom resources',
      )
        .choices(['files', 'kubernetes'])
        .default('files'),
    )
    .option('-n, --namespace <name>', 'only custom resources of this namespace (default: all)')
    .option('--kubeconfig <file>', 'default: KUBECONFIG, else ~/.kube/config, else the pod’s service account')
    .option('--context <name>', 'of the kubeconfig (default: its current one)')
    .action((options: SidecarOptions) => report(context, options, () => serve(options, context.io)));
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError('must be a port, 0 to 65535 (0 takes a free one)');
  }
  return port;
}

/** Orchestrators name the port by this variable. */
function portFrom({ PORT: text }: NodeJS.ProcessEnv): number | undefined {
  if (!text) return undefined;
  try {
    return portOf(text);
  } catch (cause) {
    throw new TenantryError('InvalidUsage', `PORT ${(cause as Error).message}`, { cause });
  }
}

function kubernetesOf(options: SidecarOptions, env: NodeJS.ProcessEnv): KubernetesDocuments | undefined {
  const { documents, namespace, kubeconfig, context } = options;
  const isKubernetes = documents === 'kubernetes';
  if (!isKubernetes && (namespace ?? kubeconfig ?? context) !== undefined) {
    throw new TenantryError(
      'InvalidUsage',
      '--namespace, --kubeconfig and --context need --documents kubernetes',
    );
  }
  if (isKubernetes && env['ENABLE_TENANT_CONFIG_FILE'] === 'true') {
    throw new TenantryError('InvalidUsage', 'with --documents kubernetes no tenant config file is read', {
      hint: 'unset ENABLE_TENANT_CONFIG_FILE, and apply its tenants to the cluster',
    });
  }
  return isKubernetes ? { namespace, kubeconfig, context } : undefined;
}

async function serve(options: SidecarOptions, io: Io): Promise<ExitCode> {
  const env = await environment(options, io);
  const kubernetes = kubernetesOf(options, env);
  const named = options.stack ?? env['TENANTRY_STACK'];
  const withoutStack = named === undefined && env['ENABLE_TENANT_CONFIG_FILE'] === 'true';
  const stackDir = withoutStack ? undefined : await resolveStack(named ?? 'dev', io.cwd);
  const port = options.port ?? portFrom(env);
  // Other commands shall not pay for loading the server.
  const { startSidecar } = await import('../sidecar/start.ts');
  const starting = startSidecar({
    ...(stackDir !== undefined && { stackDir }),
    ...(kubernetes && { kubernetes }),
    env,
    migrate: options.migrate,
    jobs: options.jobs,
    flags: {
      posture: options.posture,
      ...(options.host !== undefined && { host: options.host }),
      ...(port !== undefined && { port }),
      ...(options.tenant !== undefined && { tenants: options.tenant }),
    },
    signal: io.stop,
  });
  const sidecar = await starting.catch((error: unknown) => {
    // It waited for the documents, and nothing was begun.
    if (kubernetes && io.stop.aborted && asTenantryError(error).code === 'Cancelled') return undefined;
    throw error;
  });
  if (sidecar === undefined) return 0;
  try {
    if (!io.stop.aborted) await once(io.stop, 'abort');
  } finally {
    await sidecar.close({ abort: io.abort });
  }
  return 0;
}
