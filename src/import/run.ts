/** An import from the text of a file to files of a stack, and the report on both. */
import { basename, join } from 'node:path';
import type { Catalog } from '../catalog/entry.ts';
import { loadCatalog } from '../catalog/load.ts';
import { asTenantryError, InvalidDocumentsError, type Problem, TenantryError } from '../errors.ts';
import { draftOf } from '../spec/load.ts';
import { checkDraft } from '../spec/stack.ts';
import { readStackFiles, type StackFile } from '../spec/stack-files.ts';
import { documentFiles, platformFile } from './documents.ts';
import { Draft, type FoundCredential } from './draft.ts';
import { type PlannedFile, planFiles } from './files.ts';
import { type Entry, Ledger } from './ledger.ts';
import { documentNameOf } from './names.ts';
import { type Format, readSource, type SourceText } from './read.ts';

export interface ImportInput {
  readonly source: SourceText;
  readonly from: Format | undefined;
  /** Folder of the stack; need not be there yet. */
  readonly dir: string;
  /** Replace files that say something else. */
  readonly force: boolean;
  readonly env: NodeJS.ProcessEnv;
}

export interface Import {
  readonly from: Format;
  readonly files: readonly PlannedFile[];
  readonly tenants: number;
  readonly integrations: number;
  readonly entries: readonly Entry[];
  /** What the stack would be told by `tenantry validate`. */
  readonly problems: readonly Problem[];
  readonly credentials: readonly FoundCredential[];
  /** What a person does next, in order. */
  readonly next: readonly string[];
  /** Addresses for `terraform state rm`. */
  readonly forget: readonly string[];
}

/** Reads and compares; writes nothing. */
export async function prepareImport({ source, from, dir, force, env }: ImportInput): Promise<Import> {
  const there = await readStackFiles(dir);
  const platform = draftOf(there, dir).platform;
  const catalog = await loadCatalog({ private: join(dir, 'integrations') });
  const draft = new Draft();
  const ledger = new Ledger();
  const vault = platform?.spec.vault;
  const format = readSource(source, from, {
    draft,
    ledger,
    catalog,
    kvMount: vault?.kvMount ?? env['VAULT_KV_ENGINE'] ?? 'secret',
    transitMount: vault?.transitMount ?? env['VAULT_TRANSIT_ENGINE'] ?? 'transit',
  });
  requireTenants(draft, ledger, { file: source.file, format });
  const hasPlatform = there.some(({ file }) => /(?:^|[/\\])platform\.ya?ml$/.test(file));
  const made = documentFiles(draft);
  const all = hasPlatform ? made : [platformFile(documentNameOf(basename(dir)) ?? 'dev', draft), ...made];
  const files = await planFiles(dir, all, { force });
  const { tenants, integrations, credentials, forget } = draft;
  return {
    from: format,
    files,
    tenants: tenants.size,
    integrations: integrations.size,
    entries: ledger.entries(),
    problems: await problemsOf(dir, there, files),
    credentials,
    forget,
    next: nextSteps(draft, platform?.spec.airbyte, catalog),
  };
}

/** What a file of each format has when it can be imported. */
const HOLDS: Readonly<Record<Format, string>> = {
  'tenants-json': 'an entry in the list "tenants"',
  tfvars: 'the variable tenant_integrations or tenants',
  terraform: 'a resource of Airbyte, Vault or Postgres below for_each over the tenants',
};

function requireTenants(
  draft: Draft,
  ledger: Ledger,
  { file, format }: { readonly file: string; readonly format: Format },
): void {
  if (draft.tenants.size > 0) return;
  const left = ledger.entries().filter(({ outcome }) => outcome === 'left');
  const [first] = left;
  throw new TenantryError('InvalidUsage', `${file} holds no tenant that can be imported`, {
    hint: first
      ? `${first.path}: ${first.reason}${left.length > 1 ? ` (and ${left.length - 1} more)` : ''}`
      : `it was read as ${format} and needs ${HOLDS[format]}; --from reads it as something else`,
  });
}

/** The checks of `tenantry validate` on the stack as it will be. */
async function problemsOf(
  dir: string,
  there: readonly StackFile[],
  files: readonly PlannedFile[],
): Promise<readonly Problem[]> {
  const written = files
    .filter(({ status }) => status !== 'conflict')
    .map(({ path, text }) => ({ file: join(dir, path), text }));
  const names = new Set(written.map(({ file }) => file));
  const kept = there.filter(({ file }) => !names.has(file));
  try {
    await checkDraft(draftOf([...kept, ...written], dir), { privateEntries: join(dir, 'integrations') });
    return [];
  } catch (error) {
    if (error instanceof InvalidDocumentsError) return error.problems;
    throw asTenantryError(error);
  }
}

type AirbyteSettings = {
  readonly workspace: 'PerTenant' | 'Shared';
  readonly workspaceId?: string | undefined;
};

function nextSteps(draft: Draft, airbyte: AirbyteSettings | undefined, catalog: Catalog): string[] {
  const { sharedWorkspaceId } = draft.platform;
  const steps: string[] = [];
  const isShared = airbyte?.workspace === 'Shared';
  if (airbyte && sharedWorkspaceId !== undefined && !isShared) {
    steps.push(
      `set spec.airbyte in platform.yaml: workspace: Shared, workspaceId: ${sharedWorkspaceId}; what exists is in this one workspace`,
    );
  }
  if (isShared && [...draft.tenants.values()].some(({ workspaceId }) => workspaceId !== undefined)) {
    steps.push(
      'set spec.airbyte.workspace: PerTenant in platform.yaml; what exists is in a workspace for each tenant',
    );
  }
  const apps = new Set([...draft.integrations.values()].map(({ integration }) => integration));
  for (const id of apps) {
    const configuration = JSON.stringify(catalog.get(id)?.airbyte?.configuration ?? {});
    if (/\{\{\s*app\./.test(configuration))
      steps.push(`set spec.apps.${id} in platform.yaml: the OAuth app that ${id} needs`);
  }
  return [...steps, ...draft.next];
}
