/** A source of a Terraform state becomes a TenantIntegration. */
import { mapConfiguration } from './configuration.ts';
import { textAt } from './json.ts';
import { documentOf, type ImportContext, ignoreOwn, type SourceItem } from './terraform.ts';

export function mapSource(item: SourceItem, planned: boolean, context: ImportContext): void {
  const { tenant, entry, scope, values, instance } = item;
  const { draft, kvMount } = context;
  if (draft.has(tenant, entry.id)) {
    scope.left(
      [],
      `${tenant} has ${entry.id} already: documents have one source for each pair`,
      'keep it in Terraform, or make a tenant of its own for it',
    );
    return;
  }
  const document = documentOf(item);
  const integration = draft.integration(tenant, entry.id);
  ignoreOwn(scope);
  const { config, credentials } = mapConfiguration(values['configuration'], {
    entry,
    tenant,
    document,
    scope,
    kvMount,
    base: ['configuration'],
    isSensitive: (path) => instance.isSensitive(path),
  });
  integration.config = config;
  draft.credentials.push(...credentials);
  scope.mapped(['definition_id'], `${document} spec.integration`);
  scope.mapped(['configuration', 'sourceType'], `${document} spec.integration`);
  scope.secret(['secret_id'], { reason: 'it stands for a secret that Airbyte keeps; custody is Vault’s' });
  const sourceId = textAt(values, 'source_id');
  if (sourceId === undefined || planned) return;
  integration.sourceId = sourceId;
  integration.adopt = true;
  scope.mapped(['source_id'], `${document} spec.airbyte.sourceId`);
}
