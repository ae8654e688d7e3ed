/** `tenantry operator`: keeps the systems as the custom resources of a Kubernetes cluster say. */
import { type Command, InvalidArgumentError } from 'commander';
import { resolveStack } from '../spec/load.ts';
import { type CommandContext, type ExitCode, report, stackCommand } from './command.ts';
import type { Io } from './io.ts';
import { limitHeapGrowth } from './memory.ts';
import { environment, type StackOptions } from './session.ts';

interface OperatorOptions extends StackOptions {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly leaderElection: boolean;
  readonly leaseNamespace?: string;
  readonly healthHost?: string;
  readonly healthPort?: number;
  readonly pollInterval?: number;
  readonly webhookPort?: number;
  readonly webhookCertDir?: string;
}

export function operatorCommand(context: CommandContext): Command {
  return stackCommand('operator', {
    summary: 'reconcile Tenant and TenantIntegration objects of a Kubernetes cluster',
    description:
      'Watches the custom resources Tenant and TenantIntegration (crds/) and makes Vault, Postgres and Airbyte match them, as `tenantry apply` does for files. The stack’s folder gives the Platform document and private catalog entries; tenants in it are not used.\nAny number of replicas may run: one leads, the others take over within 20 seconds. In a pod the service account is used, elsewhere the kubeconfig. SIGTERM and Ctrl-C end it after what is under way is finished.',
    examples: [
      'tenantry operator --stack /etc/tenantry --cluster prod',
      'tenantry operator --stack prod --kubeconfig ~/.kube/config --no-leader-election',
      'tenantry operator --stack prod --namespace tenants',
    ],
  })
    .option(
      '--cluster <name>',
      'name of the cluster, in the owner operator:<name> (default: the Platform’s name)',
      nameOf,
    )
    .option('-n, --namespace <name>', 'only objects of this namespace (default: all)')
    .option('--kubeconfig <file>', 'default: KUBECONFIG, else ~/.kube/config, else the pod’s service account')
    .option('--context <name>', 'of the kubeconfig (default: its current one)')
    .option('--no-leader-election', 'lead at once; for a single replica, e.g. during development')
    .option('--lease-namespace <name>', 'namespace of the Lease (default: the pod’s or the context’s)')
    .option('--health-host <address>', 'address for /healthz, /readyz and /metrics (default: 0.0.0.0)')
    .option('--health-port <number>', 'port for these (default: 8080)', portOf)
    .option('--poll-interval <seconds>', 'mean time between two looks at a tenant (default: 600)', secondsOf)
    .option(
      '--webhook-port <number>',
      'serve the webhook that injects sidecars into Pods (default: not)',
      portOf,
    )
    .option('--webhook-cert-dir <folder>', 'with its tls.crt and tls.key, read again when they change')
    .action((options: OperatorOptions) => report(context, options, () => operate(options, context.io)));
}

/** It stands in marks, names of Airbyte and custom metadata. */
function nameOf(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('must be lower-case letters, digits and "-", at most 63');
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('must be a port, 0 to 65535 (0 takes a free one)');
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 10 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError('must be a whole number of seconds, 10 to 86400');
}

const HEAP_GROWTH_PERCENT = 30;

async function operate(options: OperatorOptions, io: Io): Promise<ExitCode> {
  limitHeapGrowth(HEAP_GROWTH_PERCENT);
  const env = await environment(options, io);
  const stackDir = await resolveStack(options.stack ?? env['TENANTRY_STACK'] ?? 'dev', io.cwd);
  // Other commands shall not pay for loading it.
  const { runOperator } = await import('../operator/start.ts');
  await runOperator({
    stackDir,
    env,
    flags: {
      cluster: options.cluster,
      namespace: options.namespace,
      kubeconfig: options.kubeconfig,
      context: options.context,
      leaderElection: options.leaderElection,
      leaseNamespace: options.leaseNamespace,
      healthHost: options.healthHost,
      healthPort: options.healthPort,
      pollSeconds: options.pollInterval,
      webhookPort: options.webhookPort,
      webhookCertDir: options.webhookCertDir,
    },
    stop: io.stop,
    abort: io.abort,
  });
  return 0;
}
