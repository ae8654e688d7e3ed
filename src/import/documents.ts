/** Drafts as YAML documents: one file for each tenant, and one for each of its integrations. */
import { stringify } from 'yaml';
import { API_VERSION } from '../spec/fields.ts';
import { defaultSchema } from '../spec/names.ts';
import { type Draft, type IntegrationDraft, integrationName, type TenantDraft } from './draft.ts';

export interface DocumentFile {
  /** Below the folder of the stack. */
  readonly path: string;
  readonly text: string;
}

/** Files in the order of their paths, so that the same input gives the same output. */
export function documentFiles(draft: Draft): DocumentFile[] {
  const tenants = [...draft.tenants.values()].map((tenant) => ({
    path: `tenants/${tenant.name}/tenant.yaml`,
    text: tenantYaml(tenant),
  }));
  const integrations = [...draft.integrations.values()].map((integration) => ({
    path: `tenants/${integration.tenant}/${integration.integration}.yaml`,
    text: integrationYaml(integration),
  }));
  return [...tenants, ...integrations].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A Platform for a stack that has none yet. */
export function platformFile(stack: string, draft: Draft): DocumentFile {
  const { sharedWorkspaceId } = draft.platform;
  const airbyte = sharedWorkspaceId && { workspace: 'Shared', workspaceId: sharedWorkspaceId };
  return { path: 'platform.yaml', text: documentYaml('Platform', stack, airbyte ? { airbyte } : {}) };
}

function tenantYaml(tenant: TenantDraft): string {
  const { name, displayName, schema, rotationPeriod, workspaceId, destinationId, adopt } = tenant;
  return documentYaml('Tenant', name, {
    displayName,
    ...(schema === undefined || schema === defaultSchema(name) ? {} : { database: { schema } }),
    ...(rotationPeriod === undefined ? {} : { encryption: { rotationPeriod } }),
    deletionPolicy: 'Retain',
    ...(adopt ? { adopt } : {}),
    ...idsOf({ workspaceId, destinationId }),
  });
}

function integrationYaml(draft: IntegrationDraft): string {
  const { tenant, integration, config, sync, sourceId, connectionId, suspend, adopt } = draft;
  const given = {
    ...sync,
    // A connection that was taken over has synced before.
    ...(connectionId === undefined ? {} : { initialSync: false }),
  };
  return documentYaml('TenantIntegration', integrationName(draft), {
    tenant,
    integration,
    ...(Object.keys(config).length === 0 ? {} : { config }),
    ...(Object.keys(given).length === 0 ? {} : { sync: given }),
    deletionPolicy: 'Retain',
    ...(suspend ? { suspend } : {}),
    ...(adopt ? { adopt } : {}),
    ...idsOf({ sourceId, connectionId }),
  });
}

function idsOf(ids: Readonly<Record<string, string | undefined>>): { airbyte?: object } {
  return Object.values(ids).some((id) => id !== undefined) ? { airbyte: ids } : {};
}

function documentYaml(kind: string, name: string, spec: object): string {
  return stringify(
    { apiVersion: API_VERSION, kind, metadata: { name }, spec },
    { keepUndefined: false, aliasDuplicateObjects: false },
  );
}
