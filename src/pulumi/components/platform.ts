/** Component `tenantry:index:Platform`: the systems that tenants live on, and what all tenants share there. */
import * as pulumi from '@pulumi/pulumi';
import type { z } from 'zod';
import type { Catalog } from '../../catalog/entry.ts';
import { withSecretFiles } from '../../cli/env-files.ts';
import { draftSettings, type Settings } from '../../clients/settings.ts';
import { InvalidDocumentsError, TenantryError } from '../../errors.ts';
import { buildGraph } from '../../plan/build.ts';
import type { Graph, Resource } from '../../plan/graph.ts';
import type { PlanSettings } from '../../plan/settings.ts';
import { planSettings } from '../../reconcile/run.ts';
import type { Owner } from '../../resources/mark.ts';
import { tenantPolicyName } from '../../resources/vault/paths.ts';
import { checkDocuments } from '../../spec/checks.ts';
import type { Documents, Loaded } from '../../spec/documents.ts';
import type { IntegrationDocument } from '../../spec/integration.ts';
import { type PlatformDocument, platformDocument, type platformSpec } from '../../spec/platform.ts';
import { formatSecretRef, type SecretRef } from '../../spec/secret-ref.ts';
import type { TenantDocument } from '../../spec/tenant.ts';
import { aliveUntil, failTheRun, orReadable } from '../failure.ts';
import { pulumiOwner } from '../provider/urn.ts';
import { Registry, resourcesOf } from '../registrations/registry.ts';
import { getClaim, getSecretVersion, getShared } from '../sdk/index.ts';
import { documentOf, withoutLine } from './document.ts';
import { givenPackages, makeProviders, PACKAGES, type Package } from './providers.ts';

/** The spec of a Platform document; what is left out comes from the environment (VAULT_ADDR, PGHOST …), as there. */
export type PlatformArgs = z.input<typeof platformSpec>;

/** A whole stack that was loaded from its folder. */
export interface LoadedStack {
  readonly documents: Documents;
  readonly catalog: Catalog;
}

interface Resolved {
  readonly document: Documents['platform'];
  readonly plan: PlanSettings;
  readonly providers: Record<string, pulumi.ProviderResource>;
  readonly graph: Graph;
}

export class Platform extends pulumi.ComponentResource {
  /** The document that the arguments are. */
  readonly document: Documents['platform'];
  /** Who everything belongs to: `pulumi:<project>/<stack>`. */
  readonly owner: Owner;
  /** @internal */
  readonly plan: PlanSettings;
  /** @internal The stack that the program was given, if it was given one. */
  readonly stack: LoadedStack | undefined;
  /** @internal */
  readonly registry: Registry;
  /** @internal Settled when what all tenants share is registered. */
  readonly registered: Promise<unknown>;
  readonly #graph: Graph;
  readonly #admitted: { tenants: Loaded<TenantDocument>[]; integrations: Loaded<IntegrationDocument>[] } = {
    tenants: [],
    integrations: [],
  };
  readonly #claimed = new Map<string, Promise<boolean>>();
  readonly #versions = new Map<string, Promise<string>>();

  /**
   * @param name Name of the component and of its providers.
   * @param args The spec of a Platform document. Secrets are references.
   * @param opts `providers` replaces the providers of vault, postgresql or tenantry that the arguments give.
   */
  constructor(name: string, args: PlatformArgs | LoadedStack = {}, opts?: pulumi.ComponentResourceOptions) {
    const stack = 'documents' in args ? (args as LoadedStack) : undefined;
    const resolved = orReadable(() => resolve(name, stack ?? (args as PlatformArgs), opts));
    super('tenantry:index:Platform', name, {}, pulumi.mergeOptions({ providers: resolved.providers }, opts));
    this.document = resolved.document;
    this.plan = resolved.plan;
    this.stack = stack;
    this.#graph = resolved.graph;
    this.owner = orReadable(() => pulumiOwner({ project: pulumi.getProject(), stack: pulumi.getStack() }));
    this.registry = new Registry({
      owner: this.owner,
      settings: this.plan,
      version: (secret) => this.version(secret),
    });
    this.registered = this.#registerShared();
    if (!stack) failTheRun(this.registered);
    this.registerOutputs({});
  }

  /**
   * @internal The graph of the tenant: that of the whole stack, or of the documents alone.
   */
  graphOf(documents: Pick<Documents, 'tenants' | 'integrations'>, catalog: Catalog): Graph {
    if (this.stack) return this.#graph;
    return buildGraph({ platform: this.document, ...documents }, catalog, this.plan);
  }

  /**
   * @internal Checks a document together with those before it: no two may want the same schema, name or tables.
   * @throws InvalidDocumentsError
   */
  admit(
    { tenant, integration }: { tenant?: Loaded<TenantDocument>; integration?: Loaded<IntegrationDocument> },
    catalog?: Catalog,
  ): void {
    // A stack was checked as a whole when it was loaded.
    if (this.stack) return;
    const { tenants, integrations } = this.#admitted;
    if (tenant) tenants.push(tenant);
    if (integration) integrations.push(integration);
    const problems = checkDocuments({ platform: this.document, tenants, integrations }, { catalog });
    const { source } = tenant ?? integration ?? this.document;
    const own = problems.filter(({ file }) => file === source.file).map((problem) => withoutLine(problem));
    if (own.length > 0) throw new InvalidDocumentsError(own);
  }

  #registerShared(): Promise<unknown> {
    const shared = resourcesOf(this.#graph, undefined);
    const registering = aliveUntil(this.#registerMissing(shared));
    for (const { id } of shared) {
      const resources = registering.then((made) => made.get(id) ?? []);
      // Who depends on it fails with it; where nobody does, the promise of all tells it once.
      resources.catch(() => undefined);
      this.registry.expect(id, resources);
    }
    return registering;
  }

  /** Several stacks may live on one Vault: what another one made, or a person, is used as it is. */
  async #registerMissing(
    shared: readonly Resource[],
  ): Promise<ReadonlyMap<string, readonly pulumi.Resource[]>> {
    const wanted = shared.filter(({ observeOnly }) => !observeOnly);
    const ours = await Promise.all(
      wanted.map(
        async ({ kind, name, inputs }) => (await getShared({ kind, name, inputs }, { parent: this })).ours,
      ),
    );
    const own = wanted.filter((_resource, index) => ours[index]);
    return this.registry.register(own, { parent: this });
  }

  /** @internal Was the tenant this stack's before this run? Rejects when something of others is in its way. */
  wasOurs(document: TenantDocument): Promise<boolean> {
    const { name } = document.metadata;
    const asked = this.#claimed.get(name) ?? aliveUntil(this.#askClaim(document));
    this.#claimed.set(name, asked);
    return asked;
  }

  async #askClaim({ metadata: { name: tenant }, spec }: TenantDocument): Promise<boolean> {
    const { owner } = await getClaim({ tenant }, { parent: this });
    if (owner === this.owner) return true;
    // The official class overwrites a policy that is there without a word; a claim of others is refused by the claim.
    if (owner === '' && !spec.adopt) {
      const name = tenantPolicyName(tenant);
      await getShared({ kind: 'vault:policy', name, inputs: { name, rules: '' } }, { parent: this });
    }
    return false;
  }

  /** @internal Version of a secret; asked for once. */
  version(secret: SecretRef): Promise<string> {
    const reference = formatSecretRef(secret);
    const found = this.#versions.get(reference);
    if (found !== undefined) return found;
    const asked = getSecretVersion({ reference }, { parent: this }).then(({ version }) => version);
    this.#versions.set(reference, asked);
    return asked;
  }
}

function resolve(
  name: string,
  args: PlatformArgs | LoadedStack,
  opts: pulumi.ComponentResourceOptions | undefined,
): Resolved {
  const stack = 'documents' in args ? (args as LoadedStack) : undefined;
  const document =
    stack?.documents.platform ?? documentOf(platformDocument, 'Platform', { name, spec: args });
  const env = withSecretFiles(process.env);
  const given = givenPackages(opts);
  const missing = PACKAGES.filter((of) => !given.has(of));
  const settings = settingsFor(document, env, missing);
  const plan = planSettings(settings, document);
  const documents = stack?.documents ?? { platform: document, tenants: [], integrations: [] };
  const graph = buildGraph(documents, stack?.catalog ?? new Map(), plan);
  return { document, plan, graph, providers: makeProviders(name, { document, settings, env }, missing) };
}

/** Settings that a provider of the program's own brings may be missing here. */
function settingsFor(
  document: PlatformDocument,
  env: NodeJS.ProcessEnv,
  missing: readonly Package[],
): Settings {
  const { settings, problems } = draftSettings(document, env);
  const needed: Record<Package, readonly string[]> = {
    vault: ['spec.vault'],
    // Airbyte's destination needs the host of Postgres too.
    postgresql: ['spec.postgres'],
    tenantry: ['spec.vault', 'spec.airbyte'],
  };
  const parts = new Set([...missing.flatMap((of) => needed[of]), 'spec.postgres.host']);
  const own = problems.filter((problem) => [...parts].some((part) => problem.startsWith(part)));
  if (own.length > 0) throw new TenantryError('MissingSetting', own.join('; '));
  return settings;
}

let implied: Platform | undefined;

/** The platform of tenants that name none: all of it comes from the environment. */
export function platformOfEnvironment(): Platform {
  implied ??= new Platform('platform');
  return implied;
}
