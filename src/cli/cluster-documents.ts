/** Reads the documents of a command from the custom resources of a cluster, once. */
import type { Catalog } from '../catalog/entry.ts';
import { kvMountOf } from '../clients/settings.ts';
import { asTenantryError, TenantryError } from '../errors.ts';
import { onlyOwned } from '../operator/documents/owned.ts';
import { invalidObject, type ReadResult, readDocuments } from '../operator/documents/read.ts';
import type { KubeClient } from '../operator/kube/client.ts';
import { connectKube } from '../operator/kube/connect.ts';
import {
  type AnyObject,
  type IntegrationObject,
  objectKeyOf,
  PLURALS,
  pathOf,
  type TenantObject,
} from '../operator/objects.ts';
import { readPlatform } from '../operator/platform.ts';
import { type Owner, operatorOwner } from '../resources/mark.ts';
import type { Documents } from '../spec/documents.ts';
import type { ClusterPlace } from './documents-option.ts';

export interface ClusterDocuments {
  /** What is valid, not being deleted, and with `forPlan` not held; without it of the operator's own tenants only. */
  readonly documents: Documents;
  readonly catalog: Catalog;
  /** The operator of the cluster. */
  readonly owner: Owner;
  /** Objects that are not among the documents because something is wrong with them. */
  readonly leftOut: number;
  /** Why a Tenant, or the TenantIntegration of one, is not among the documents; undefined where there is none at all. */
  refusal(tenant: string, integration?: string): TenantryError | undefined;
}

export interface ClusterQuery {
  /** Folder with the Platform document and private catalog entries. */
  readonly dir: string;
  readonly place: ClusterPlace;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** For who looks at everything and changes nothing: tenants of others too, but none that has a mistake in it. */
  readonly forPlan: boolean;
}

interface Objects {
  readonly tenants: readonly TenantObject[];
  readonly integrations: readonly IntegrationObject[];
}

/** @throws as connectKube and KubeClient.list do; InvalidDocumentsError, StackNotFound (the folder) */
export async function readCluster(query: ClusterQuery): Promise<ClusterDocuments> {
  const { dir, place, env, forPlan } = query;
  const { document: platform, catalog } = await readPlatform(dir);
  const objects = await listObjects(query);
  const kvMount = kvMountOf(platform, env);
  const all = readDocuments({ ...objects, platform, catalog, kvMount, makesSources: forPlan });
  const read = forPlan ? withoutHeld(all) : onlyOwned(all);
  return {
    documents: read.documents,
    catalog,
    owner: ownerOf(objects.tenants, place, platform.metadata.name),
    leftOut: new Set([...read.problems.keys(), ...read.states.keys()]).size,
    refusal: (tenant, integration) => refusalOf({ tenant, integration }, objects, read),
  };
}

async function listObjects({ place, env, signal }: ClusterQuery): Promise<Objects> {
  const { kubeconfig, context, namespace } = place;
  const kube = await connectKube({ kubeconfig, context, env, signal });
  try {
    const [tenants, integrations] = await Promise.all([
      listAll<TenantObject>(kube, 'Tenant', { namespace, signal }),
      listAll<IntegrationObject>(kube, 'TenantIntegration', { namespace, signal }),
    ]);
    return { tenants, integrations };
  } finally {
    await kube.close();
  }
}

const PAGE_SIZE = 500;

interface Listing {
  readonly namespace: string | undefined;
  readonly signal: AbortSignal;
}

/** A token that expired between two pages has the list begin anew, once. */
async function listAll<O extends AnyObject>(
  kube: KubeClient,
  kind: O['kind'],
  listing: Listing,
): Promise<readonly O[]> {
  try {
    return await listOnce<O>(kube, kind, listing).catch((error: unknown) => {
      if (asTenantryError(error).code !== 'KubernetesGone') throw error;
      return listOnce<O>(kube, kind, listing);
    });
  } catch (cause) {
    const { code, message } = asTenantryError(cause);
    if (code !== 'KubernetesForbidden' || listing.namespace !== undefined) throw cause;
    const hint = `pass --namespace, or ask for the right to list ${PLURALS[kind]} in all namespaces`;
    throw new TenantryError(code, message, { cause, hint });
  }
}

async function listOnce<O extends AnyObject>(
  kube: KubeClient,
  kind: O['kind'],
  { namespace, signal }: Listing,
): Promise<O[]> {
  const items: O[] = [];
  let token: string | undefined;
  do {
    const page = await kube.list<O>(
      pathOf(kind, namespace),
      { limit: PAGE_SIZE, continue: token },
      { signal },
    );
    for (const item of page.items) items.push({ ...item, kind });
    token = page.continue || undefined;
  } while (token !== undefined);
  return items;
}

/** What is not known in full would look as if the rest were to be removed. */
function withoutHeld(read: ReadResult): ReadResult {
  const { documents, held } = read;
  if (held.size === 0) return read;
  const tenants = documents.tenants.filter(({ metadata }) => !held.has(metadata.name));
  const integrations = documents.integrations.filter(({ spec }) => !held.has(spec.tenant));
  return { ...read, documents: { ...documents, tenants, integrations } };
}

/** The claims in Vault are what counts; commands that write compare with them. */
function ownerOf(tenants: readonly TenantObject[], { cluster }: ClusterPlace, platform: string): Owner {
  if (cluster !== undefined) return operatorOwner(cluster);
  const owners = new Set(tenants.flatMap(({ status }) => (status?.owned ? (status.claim ?? []) : [])));
  const [owner, ...more] = owners;
  if (more.length === 0) return owner ?? operatorOwner(platform);
  throw new TenantryError('InvalidUsage', `several operators work here: ${[...owners].sort().join(', ')}`, {
    hint: 'name one with --cluster, or pass --namespace',
  });
}

function refusalOf(
  { tenant, integration }: { readonly tenant: string; readonly integration: string | undefined },
  { tenants, integrations }: Objects,
  read: ReadResult,
): TenantryError | undefined {
  const own = tenants.filter(({ metadata }) => metadata.name === tenant);
  const theirs = integrations.filter(
    ({ spec }) => spec['tenant'] === tenant && [undefined, spec['integration']].includes(integration),
  );
  // Where several have the name, the one that keeps it comes first if anything is wrong with it.
  for (const object of integration === undefined ? [...own, ...theirs] : [...theirs, ...own]) {
    const why = whyLeftOut(object, read);
    if (why !== undefined) return why;
  }
  return undefined;
}

function whyLeftOut(object: AnyObject, { problems, states }: ReadResult): TenantryError | undefined {
  const { kind, metadata } = object;
  const named = `${kind} ${metadata.namespace}/${metadata.name}`;
  const own = problems.get(objectKeyOf(object));
  if (own !== undefined) {
    const { code, message, hint } = invalidObject(object, own);
    return new TenantryError(code, `${named}: ${message}`, { hint });
  }
  const state = states.get(objectKeyOf(object));
  const see = `see its status: kubectl --namespace ${metadata.namespace} describe ${kind.toLowerCase()} ${metadata.name}`;
  if (state !== undefined) return new TenantryError('Blocked', `${named}: ${state.message}`, { hint: see });
  if (metadata.deletionTimestamp === undefined) return undefined;
  return new TenantryError('Blocked', `${named} is being deleted`, { hint: see });
}
