/** Registers a whole stack: its documents become components, as every driver's graph has them. */
import { isAbsolute, relative } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { completeHints } from '../cli/hints.ts';
import { InvalidDocumentsError } from '../errors.ts';
import type { Documents } from '../spec/documents.ts';
import { resolveStack } from '../spec/load.ts';
import { loadAndCheck } from '../spec/stack.ts';
import { type LoadedStack, Platform } from './components/platform.ts';
import { Tenant } from './components/tenant.ts';
import { TenantIntegration } from './components/tenant-integration.ts';
import { readable } from './failure.ts';
import { withShortTraces } from './registrations/stack-traces.ts';

/** Outputs of the stack. */
export interface StackOutputs {
  /** By tenant. */
  readonly tenants: Readonly<Record<string, TenantOutputs>>;
  /** What people have to do before the next `up` makes the rest, e.g. `waiting for acme to connect notion: …`. */
  readonly waiting: readonly string[];
}

export interface TenantOutputs {
  readonly schema: pulumi.Output<string>;
  readonly policyName: pulumi.Output<string>;
  /** By TenantIntegration. */
  readonly integrations: Readonly<Record<string, IntegrationOutputs>>;
}

export interface IntegrationOutputs {
  readonly connected: boolean;
  readonly sourceId?: pulumi.Output<string | undefined>;
  readonly connectionId?: pulumi.Output<string | undefined>;
  readonly nextStep?: string | undefined;
}

/**
 * Registers the stack in the folder `stacks/<name of the Pulumi stack>`, or what `tenantry:stack` names.
 * @param root folder of Pulumi.yaml
 */
export async function runStack(root: string): Promise<StackOutputs> {
  const stack = new pulumi.Config('tenantry').get('stack') ?? pulumi.getStack();
  try {
    const loaded = await loadAndCheck(await resolveStack(stack, root));
    return (await registerStack(loaded)).outputs;
  } catch (error) {
    throw readable(below(root, error), completeHints({ stack }));
  }
}

/** Files as people know them: from the folder of Pulumi.yaml, and the same on every machine. */
function below(root: string, error: unknown): unknown {
  if (!(error instanceof InvalidDocumentsError)) return error;
  const problems = error.problems.map(({ file, ...problem }) => ({
    ...problem,
    ...(file !== undefined && { file: isAbsolute(file) ? relative(root, file) : file }),
  }));
  return new InvalidDocumentsError(
    problems,
    error.code === 'CatalogInvalid' ? 'CatalogInvalid' : 'InvalidDocument',
  );
}

export async function registerStack({
  documents,
  catalog,
}: LoadedStack): Promise<{ readonly platform: Platform; readonly outputs: StackOutputs }> {
  const platform = new Platform(documents.platform.metadata.name, { documents, catalog });
  // Where something of others is in the way, it is told before anything that depends on it is registered.
  await platform.registered;
  const managed = documents.tenants.filter(({ spec }) => spec.managementPolicy !== 'Observe');
  await Promise.all(managed.map((document) => platform.wasOurs(document)));
  const tenants = new Map(
    byName(documents.tenants).map(({ metadata: { name } }) => [
      name,
      withShortTraces(() => new Tenant(name, { platform })),
    ]),
  );
  const integrations = byName(documents.integrations).map((document) => register(document, tenants));
  return { platform, outputs: outputsOf(tenants, await Promise.all(integrations)) };
}

type Registered = readonly [Documents['integrations'][number], Awaited<TenantIntegration['registered']>];

async function register(
  document: Documents['integrations'][number],
  tenants: ReadonlyMap<string, Tenant>,
): Promise<Registered> {
  const { tenant: name, integration } = document.spec;
  const tenant = tenants.get(name);
  // Checked when the documents were loaded.
  if (!tenant) throw new Error(`no tenant ${name}`);
  const component = withShortTraces(
    () => new TenantIntegration(document.metadata.name, { tenant, integration }),
  );
  return [document, await component.registered];
}

function outputsOf(tenants: ReadonlyMap<string, Tenant>, integrations: readonly Registered[]): StackOutputs {
  const byTenant = Map.groupBy(integrations, ([{ spec }]) => spec.tenant);
  const outputs = [...tenants].map(([name, { schema, policyName }]): [string, TenantOutputs] => {
    const own = (byTenant.get(name) ?? []).map(
      ([{ metadata }, { waiting: _waiting, connectUrl: _url, ...rest }]) => [metadata.name, rest] as const,
    );
    return [name, { schema, policyName, integrations: Object.fromEntries(own) }];
  });
  const waiting = integrations.flatMap(([, result]) => result.waiting ?? []);
  return { tenants: Object.fromEntries(outputs), waiting };
}

/** The order in which documents arrive means nothing. */
function byName<D extends { readonly metadata: { readonly name: string } }>(documents: readonly D[]): D[] {
  return documents.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}
