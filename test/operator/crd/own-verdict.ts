/** What `tenantry validate` says about one document alone. */
import { stringify } from 'yaml';
import { checkDocuments } from '../../../src/spec/checks.ts';
import { draftOf } from '../../../src/spec/load.ts';

const PLATFORM = {
  file: 'platform.yaml',
  text: 'apiVersion: tenantry.dev/v1alpha1\nkind: Platform\nmetadata: {name: test}\nspec: {}\n',
};

/** The mistakes of a document, without what only other documents and the catalog can tell; none when it is right. */
export function ownProblems(document: unknown): string[] {
  const file = 'document.yaml';
  const files = [PLATFORM, { file, text: stringify(document) }, ...tenantOf(document)];
  const draft = draftOf(files, 'test');
  const together = checkDocuments(draft, { catalog: undefined, mayHaveTenant: () => true });
  return [...draft.problems, ...together]
    .filter((problem) => problem.file === file)
    .map(({ path = '', message }) => `${path}: ${message}`);
}

/** The schema of an integration's tenant says which tables its streams become. */
function tenantOf(document: unknown): { file: string; text: string }[] {
  const { kind, spec } = document as { kind?: unknown; spec?: { tenant?: unknown } | null };
  if (kind !== 'TenantIntegration' || typeof spec?.tenant !== 'string') return [];
  const { apiVersion } = document as { apiVersion?: unknown };
  const tenant = { apiVersion, kind: 'Tenant', metadata: { name: spec.tenant }, spec: {} };
  return [{ file: 'tenant.yaml', text: stringify(tenant) }];
}
