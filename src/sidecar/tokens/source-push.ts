/**
 * Brings a tenant's source in Airbyte in step with its credential, by the same plan and the same kind of resource that
 * `tenantry apply` uses. It makes nothing: where there is no source yet, the next apply makes it.
 */
import type { AirbyteClient } from '../../clients/airbyte.ts';
import { existingFingerprintKey } from '../../clients/fingerprint-key.ts';
import { createSecrets } from '../../clients/secrets.ts';
import type { VaultClient } from '../../clients/vault.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { buildGraph } from '../../plan/build.ts';
import {
  type Graph,
  type Resolver,
  type Resource,
  resolveInputs,
  versionedSecrets,
} from '../../plan/graph.ts';
import { Flow } from '../../reconcile/flow.ts';
import { planSettings } from '../../reconcile/run.ts';
import type { Redactor } from '../../redact.ts';
import { kindOf } from '../../resources/index.ts';
import type { Observed, World } from '../../resources/kind.ts';
import { claimPath } from '../../resources/vault/paths.ts';
import { formatSecretRef } from '../../spec/secret-ref.ts';
import type { SidecarSettings } from '../settings.ts';
import type { Stack, StackView } from '../stack/view.ts';
import type { TokenParts } from './parts.ts';

export interface SourcePushParts extends Pick<TokenParts, 'log'> {
  readonly vault: VaultClient;
  readonly airbyte: AirbyteClient;
  readonly stack: Stack;
  readonly settings: Pick<SidecarSettings, 'backends'>;
  readonly redactor: Redactor;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * - `sent`: the source has the new token;
 * - `in-step`: it had it already;
 * - `no-source`: there is none, or the tenant is not applied;
 * - `refused`: it is not ours, or Airbyte does not take it; the log tells why.
 */
export type Pushed = 'sent' | 'in-step' | 'no-source' | 'refused';

export interface PushHint {
  /** Where the tenant's workspace was last found; without it, all of Airbyte's are listed. */
  readonly workspaceId?: string;
}

export function createSourcePush(
  parts: SourcePushParts,
): (place: CredentialPlace, signal: AbortSignal, hint?: PushHint) => Promise<Pushed> {
  const { stack, log } = parts;
  return async (place, signal, hint = {}) => {
    const view = stack.current();
    const document = view.integration(place.tenant, place.integration);
    if (!document) return 'no-source';
    const world = await worldOf(parts, place.tenant, signal);
    if (!world) return 'no-source';
    const graph = graphOf(view, parts, place);
    const resource = graph.get(`airbyte:source/${document.metadata.name}`);
    if (!resource) return 'no-source';
    try {
      return await push(world, graph, { resource, place, hint });
    } catch (thrown) {
      const error = asTenantryError(thrown);
      if (error.retryable) throw error;
      // Trying again does not help, and `tenantry plan` tells the same to who can.
      log.warn({ ...place, err: error }, 'the source in Airbyte was not brought in step');
      return 'refused';
    }
  };
}

/** The sidecar works in the name of whoever has claimed the tenant. */
async function worldOf(
  { vault, airbyte, redactor, env }: SourcePushParts,
  tenant: string,
  signal: AbortSignal,
): Promise<World | undefined> {
  const claim = await vault.read<{ data: { owner?: string } | null }>(
    `${vault.kvMount}/data/${claimPath(tenant)}`,
    { signal },
  );
  const owner = claim?.data?.owner;
  if (owner === undefined) return undefined;
  // It remembers what it has read, so each push has one of its own.
  const secrets = createSecrets({
    vault,
    env,
    redactor,
    fingerprintKey: () => existingFingerprintKey(vault),
  });
  return { vault, airbyte, secrets, owner, signal, postgres: NO_POSTGRES };
}

function unused(): never {
  throw new TenantryError('Internal', 'a source of Airbyte does not need Postgres');
}

const NO_POSTGRES: World['postgres'] = { database: '', query: unused, script: unused, withLock: unused };

function graphOf(
  view: StackView,
  { settings }: SourcePushParts,
  { tenant, integration }: CredentialPlace,
): Graph {
  const { documents, catalog, platform } = view;
  const own = {
    ...documents,
    tenants: documents.tenants.filter(({ metadata }) => metadata.name === tenant),
    integrations: documents.integrations.filter(
      ({ spec }) => spec.tenant === tenant && spec.integration === integration,
    ),
  };
  return buildGraph(own, catalog, planSettings(settings.backends, platform));
}

interface Pushing {
  readonly resource: Resource;
  readonly place: CredentialPlace;
  readonly hint: PushHint;
}

async function push(world: World, graph: Graph, { resource, place, hint }: Pushing): Promise<Pushed> {
  const outputs = new Map<string, Observed | undefined>();
  const versions = new Map<string, string>();
  for (const secret of versionedSecrets([resource])) {
    versions.set(formatSecretRef(secret), await world.secrets.version(secret, world));
  }
  const resolver: Resolver = {
    output: (id, name) => (outputs.get(id) as Record<string, unknown> | undefined)?.[name],
    version: (secret) => versions.get(formatSecretRef(secret)),
  };
  await observeReferred(world, graph, { resource, resolver, outputs, place, hint });
  const isOpen = resource.gates.every(({ open }) => resolver.output(open.$ref, open.output) === true);
  if (!isOpen) return 'no-source';
  const inputs = resolveInputs(resource.inputs, resolver);
  const observed = await kindOf(resource.kind).observe(inputs, world);
  if (!observed) return 'no-source';
  // The queue tries again; a flow of its own would only hold the worker.
  const { outcome } = await new Flow(world, { retries: 1 }).sync(resource, inputs, observed);
  return outcome === 'unchanged' ? 'in-step' : 'sent';
}

interface Referring extends Pushing {
  readonly resolver: Resolver;
  readonly outputs: Map<string, Observed | undefined>;
}

/** Looks only at what the source's inputs name: the sidecar may see no more of Vault than that. */
async function observeReferred(world: World, graph: Graph, referring: Referring): Promise<void> {
  const { resource, resolver, outputs } = referring;
  for (const id of referredIds([resource.inputs, resource.gates])) {
    const referred = graph.get(id);
    if (!referred || outputs.has(id)) continue;
    await observeReferred(world, graph, { ...referring, resource: referred });
    const inputs = resolveInputs(referred.inputs, resolver);
    const hinted =
      referred.kind === 'airbyte:workspace' ? await observeHinted(world, inputs, referring) : undefined;
    outputs.set(id, hinted ?? (await kindOf(referred.kind).observe(inputs, world)));
  }
}

/** The workspace by its hint, as far as it is still the tenant's. */
async function observeHinted(
  world: World,
  inputs: unknown,
  { place: { tenant }, hint: { workspaceId } }: Referring,
): Promise<Observed | undefined> {
  if (workspaceId === undefined) return undefined;
  const tenants = new Set([tenant]);
  const hints = { workspaceIds: new Map([[tenant, workspaceId]]) };
  const scope = { tenants, only: tenants, wanted: [inputs], hints };
  return (await kindOf('airbyte:workspace').observeAll(world, scope)).get(tenant);
}

function referredIds(node: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (each: unknown): void => {
    if (each === null || typeof each !== 'object') return;
    if ('$ref' in each) found.add(String(each.$ref));
    for (const value of Object.values(each)) walk(value);
  };
  walk(node);
  return found;
}
