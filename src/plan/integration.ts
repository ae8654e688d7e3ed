/** Resources of one tenant integration: credential, source, connection, first sync. Pure. */
import { type CatalogEntry, defaultTablePrefix } from '../catalog/entry.ts';
import { needsCredential } from '../catalog/source-configuration.ts';
import type { ActorInputs } from '../resources/airbyte/actor.ts';
import type { Configuration } from '../resources/airbyte/configuration.ts';
import type { ConnectionInputs } from '../resources/airbyte/connection.ts';
import type { FirstSyncInputs } from '../resources/airbyte/first-sync.ts';
import type { CredentialInputs } from '../resources/vault/credential.ts';
import { credentialPath } from '../resources/vault/paths.ts';
import type { IntegrationDocument } from '../spec/integration.ts';
import type { SecretRef } from '../spec/secret-ref.ts';
import { type Deferred, type Gate, type Graph, ref, versionOf } from './graph.ts';
import { quartzSchedule } from './schedule.ts';
import type { PlanSettings } from './settings.ts';
import { type App, sourceConfiguration } from './source.ts';
import type { TenantIds } from './tenant.ts';

export interface IntegrationContext {
  readonly settings: PlanSettings;
  readonly ids: TenantIds;
  /** True when the tenant or the integration is suspended: nothing syncs. */
  readonly suspended: boolean;
  /** True when the tenant or the integration is only observed. */
  readonly observeOnly: boolean;
  /** The platform's OAuth app for this integration, if it has one. */
  readonly sharedApp: App | undefined;
}

type Add = <I>(
  kind: string,
  name: string,
  inputs: { readonly [K in keyof I]: Deferred<I[K]> },
  more: { readonly dependsOn: readonly string[]; readonly gates?: readonly Gate[] },
) => string;

export function addIntegration(
  graph: Graph,
  document: IntegrationDocument,
  entry: CatalogEntry,
  context: IntegrationContext,
): void {
  const { tenant, integration } = document.spec;
  const name = document.metadata.name;
  const add: Add = (kind, resource, inputs, more) =>
    graph.add({
      id: `${kind}/${resource}`,
      kind,
      name: resource,
      tenant,
      integration: name,
      inputs,
      dependsOn: more.dependsOn,
      gates: more.gates ?? [],
      adopt: document.spec.adopt,
      deletion: document.spec.deletionPolicy,
      observeOnly: context.observeOnly,
    });
  const path = credentialPath(tenant, integration);
  const credential = add<CredentialInputs>(
    'vault:credential',
    path,
    { tenant, integration, deletion: document.spec.deletionPolicy },
    { dependsOn: [context.ids.transitKey] },
  );
  if (!entry.airbyte) return;
  const source = addSource(add, document, entry, { ...context, credential });
  const connection = addConnection(add, document, entry, { ...context, source });
  // The sidecar renews the token and checks the quota first, so it starts the first sync too.
  const ownFirst = context.settings.syncRunner !== 'Sidecar';
  if (ownFirst && document.spec.sync.initialSync && !context.suspended) {
    add<FirstSyncInputs>(
      'airbyte:first-sync',
      name,
      {
        connectionId: ref(connection, 'connectionId'),
        startedFor: ref(credential, 'firstSync'),
        credentialPath: path,
      },
      { dependsOn: [connection, credential] },
    );
  }
}

function addSource(
  add: Add,
  document: IntegrationDocument,
  entry: CatalogEntry,
  context: IntegrationContext & { readonly credential: string },
): string {
  const { settings, ids, credential } = context;
  const { tenant, integration, config } = document.spec;
  const name = document.metadata.name;
  const path = credentialPath(tenant, integration);
  const { configuration, secrets, absent } = sourceConfiguration(entry, config, {
    app: document.spec.app ?? context.sharedApp,
    credential: (field): SecretRef => ({
      from: 'vault',
      path: `${settings.kvMount}/data/${path}`,
      key: field,
    }),
  });
  const waits = needsCredential(entry);
  return add<ActorInputs>(
    'airbyte:source',
    name,
    {
      name,
      tenant,
      workspaceId: ids.workspaceId,
      configuration: configuration as Deferred<Configuration>,
      secretVersion: [...(waits ? [ref(credential, 'tokenVersion')] : []), ...secrets.map(versionOf)],
      appliedVersion: ref(credential, 'appliedSource'),
      absent,
      recordPath: path,
      ...adoptId(document.spec.airbyte.sourceId),
    },
    {
      dependsOn: [...ids.workspace, ids.claim, credential],
      gates: waits ? [credentialGate(document, credential, settings)] : [],
    },
  );
}

function credentialGate(document: IntegrationDocument, credential: string, settings: PlanSettings): Gate {
  const { tenant, integration } = document.spec;
  return {
    open: ref(credential, 'connected'),
    waitsFor: `credential ${tenant}/${integration}`,
    nextStep: connectStep(tenant, integration, settings),
  };
}

/** A link is good for one use, and a plan makes nothing: so it says how to get one. */
function connectStep(tenant: string, integration: string, { connectPage, sidecarUrl }: PlanSettings): string {
  if (connectPage) return `connect at ${connectPage.replace(/\/$/, '')}/${tenant}/${integration}`;
  if (sidecarUrl) return `make a link: tenantry connect ${tenant} ${integration}`;
  return `store a token: tenantry credentials set ${tenant} ${integration}`;
}

function addConnection(
  add: Add,
  document: IntegrationDocument,
  entry: CatalogEntry,
  context: IntegrationContext & { readonly source: string },
): string {
  const { ids, source, settings } = context;
  const { tenant, integration, sync } = document.spec;
  const name = document.metadata.name;
  const streams = sync.streams ?? entry.airbyte?.streams ?? [];
  const known = new Map(entry.airbyte?.streams.map((stream) => [stream.name, stream]));
  return add<ConnectionInputs>(
    'airbyte:connection',
    name,
    {
      name,
      tenant,
      workspaceId: ids.workspaceId,
      sourceId: ref(source, 'id'),
      destinationId: ref(ids.destination, 'id'),
      namespace: sync.namespace ?? ids.schema,
      prefix: sync.prefix ?? defaultTablePrefix(integration),
      // A stream that a document names without more is synced as the catalog says.
      streams: streams.map((stream) => withDefaults(stream, known.get(stream.name))),
      schedule: settings.syncRunner === 'Sidecar' ? 'manual' : quartzSchedule(sync.schedule, name),
      schemaChanges: sync.schemaChanges,
      status: context.suspended ? 'inactive' : 'active',
      ...adoptId(document.spec.airbyte.connectionId),
    },
    { dependsOn: [...ids.workspace, source, ids.destination] },
  );
}

function adoptId(id: string | undefined): { readonly adoptId?: string } {
  return id === undefined ? {} : { adoptId: id };
}

type StreamInput = ConnectionInputs['streams'][number];

function withDefaults(stream: StreamInput, known: StreamInput | undefined): StreamInput {
  const syncMode = stream.syncMode ?? known?.syncMode ?? 'full_refresh_overwrite';
  const sameMode = known?.syncMode === syncMode;
  const cursorField = stream.cursorField ?? (sameMode ? known?.cursorField : undefined);
  const primaryKey = stream.primaryKey ?? (sameMode ? known?.primaryKey : undefined);
  return {
    name: stream.name,
    syncMode,
    ...(cursorField ? { cursorField } : {}),
    ...(primaryKey ? { primaryKey } : {}),
  };
}
