/** Opens the documents that the sidecar serves where they are: in files, or in the custom resources of a cluster. */
import { TenantryError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Redactor } from '../../redact.ts';
import { didYouMean } from '../../spec/suggest.ts';
import type { Metrics } from '../metrics.ts';
import type { KubernetesDocuments } from './kubernetes.ts';
import { openStack } from './open.ts';
import type { OpenStack } from './stack.ts';

export interface DocumentsSource {
  readonly stackDir?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Default: tenants and integrations are files. */
  readonly kubernetes?: KubernetesDocuments;
}

/** @throws what openStack and openKubernetesStack throw */
export async function openDocuments(
  { stackDir: dir, env, kubernetes }: DocumentsSource,
  parts: { readonly redactor: Redactor; readonly log: Logger; readonly metrics: Pick<Metrics, 'registry'> },
): Promise<OpenStack> {
  if (kubernetes === undefined) return await openStack({ dir, env });
  if (dir === undefined) {
    throw new TenantryError('StackNotFound', 'there is no folder with the Platform document', {
      hint: 'pass --stack with the folder',
    });
  }
  // Who reads files shall not pay for loading it.
  const { openKubernetesStack } = await import('./kubernetes.ts');
  return await openKubernetesStack({ ...kubernetes, ...parts, dir, env });
}

/**
 * A typing error would otherwise show as a refusal of every call. A custom resource may come later than who serves it.
 * @throws InvalidUsage where a tenant has no document among files
 */
export function requireTenants(
  stack: OpenStack,
  names: readonly string[],
  { kubernetes, log }: { readonly kubernetes: KubernetesDocuments | undefined; readonly log: Logger },
): void {
  const view = stack.current();
  for (const name of names) {
    if (view.tenant(name)) continue;
    if (kubernetes !== undefined) {
      log.warn({ tenant: name }, 'there is no such Tenant yet: calls for it are refused until there is');
      continue;
    }
    const known = view.documents.tenants.map(({ metadata }) => metadata.name);
    throw new TenantryError('InvalidUsage', `there is no tenant "${name}"${didYouMean(name, known)}`, {
      hint: 'pass --tenant with the name of a Tenant document',
    });
  }
}
