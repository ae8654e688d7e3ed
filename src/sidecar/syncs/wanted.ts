/** What the documents say of syncs: who runs each, and when. Pure. */
import type { CatalogEntry } from '../../catalog/entry.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import type { IntegrationDocument } from '../../spec/integration.ts';
import type { SyncRunner } from '../../spec/syncs.ts';
import type { StackView } from '../stack/view.ts';
import type { Scheduled } from './due.ts';

export interface Wanted extends Scheduled {
  /** Undefined: suspended, nobody runs it. */
  readonly runner: SyncRunner | undefined;
  /** True when the document is only observed: Airbyte does what it did, and nothing is started here. */
  readonly isObserved: boolean;
  readonly wantsFirst: boolean;
  readonly entry: CatalogEntry;
}

/** Without the documents, for who may log what it is given. */
export function placeOf({ tenant, integration }: CredentialPlace): CredentialPlace {
  return { tenant, integration };
}

/** Undefined where no document connects them, or the integration has no source in Airbyte. */
export function wantedOf(view: StackView, place: CredentialPlace): Wanted | undefined {
  const document = view.integration(place.tenant, place.integration);
  return document && wantedBy(view, document);
}

/** By `{tenant}/{integration}`. */
export function allWanted(view: StackView): Map<string, Wanted> {
  const all = new Map<string, Wanted>();
  for (const document of view.documents.integrations) {
    const wanted = wantedBy(view, document);
    if (wanted) all.set(credentialPath(wanted.tenant, wanted.integration), wanted);
  }
  return all;
}

function wantedBy(view: StackView, { metadata, spec }: IntegrationDocument): Wanted | undefined {
  const { tenant, integration, sync } = spec;
  const owner = view.tenant(tenant);
  const entry = view.catalog.get(integration);
  if (!owner || !entry?.airbyte) return undefined;
  const isObserved = spec.managementPolicy === 'Observe' || owner.spec.managementPolicy === 'Observe';
  const isSuspended = spec.suspend || owner.spec.suspend;
  const { runner } = view.platform.spec.syncs;
  return {
    tenant,
    integration,
    name: metadata.name,
    schedule: sync.schedule,
    runner: isSuspended ? undefined : isObserved ? 'Airbyte' : runner,
    isObserved,
    wantsFirst: runner === 'Sidecar' && sync.initialSync && !isSuspended && !isObserved,
    entry,
  };
}
