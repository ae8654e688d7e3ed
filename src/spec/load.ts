/** Loads a stack: every document of its files, each checked against the schema of its kind. */
import { z } from 'zod';
import { InvalidDocumentsError, type Problem } from '../errors.ts';
import type { Documents, Loaded, PartialIntegration } from './documents.ts';
import { API_VERSION } from './fields.ts';
import { type IntegrationDocument, integrationDocument } from './integration.ts';
import { show } from './issue-wording.ts';
import { documentName } from './names.ts';
import { type PlatformDocument, platformDocument } from './platform.ts';
import { placeOf, problemIn, rememberOrigin } from './positions.ts';
import { readStackFiles } from './stack-files.ts';
import { didYouMean } from './suggest.ts';
import { type TenantDocument, tenantDocument } from './tenant.ts';
import { problemAt, sortProblems } from './validate.ts';
import { parseDocuments, validate, type YamlDocument } from './yaml.ts';

export { resolveStack, stackNames } from './stack-files.ts';

/** Kinds by their schema. */
export const KINDS = {
  Platform: platformDocument,
  Tenant: tenantDocument,
  TenantIntegration: integrationDocument,
} as const satisfies Record<string, z.ZodType>;

export type Kind = keyof typeof KINDS;

/** What could be read of a stack, with all mistakes; further checks can still look at what is valid. */
export interface StackDraft {
  readonly platform: Loaded<PlatformDocument> | undefined;
  /** By name. */
  readonly tenants: readonly Loaded<TenantDocument>[];
  /** By name. */
  readonly integrations: readonly Loaded<IntegrationDocument>[];
  /** Integrations with mistakes of their own, of which what they refer to can be checked all the same. */
  readonly partial: readonly PartialIntegration[];
  /** True for a tenant whose document is there but not valid, or may stand in a file that could not be read. */
  readonly mayHaveTenant: (name: string) => boolean;
  readonly problems: readonly Problem[];
}

/**
 * Loads and checks all documents of a stack, each on its own.
 * @param dir Folder with `platform.yaml` and `tenants/`; `integrations/` holds catalog entries and is skipped.
 * @throws InvalidDocumentsError with every mistake of every file.
 */
export async function loadStack(dir: string): Promise<Documents> {
  const draft = await readStack(dir);
  if (draft.platform === undefined || draft.problems.length > 0) {
    throw new InvalidDocumentsError(draft.problems);
  }
  return { platform: draft.platform, tenants: draft.tenants, integrations: draft.integrations };
}

/** Reads a stack as far as it goes, and collects the mistakes instead of throwing. */
export async function readStack(dir: string): Promise<StackDraft> {
  return draftOf(await readStackFiles(dir), dir);
}

/**
 * The same of files that are in memory already.
 * @param dir Named where something is missing as a whole.
 */
export function draftOf(files: Awaited<ReturnType<typeof readStackFiles>>, dir: string): StackDraft {
  const draft = new Draft();
  for (const file of files) {
    if ('problem' in file) draft.addUnreadable(file.problem);
    else draft.addFile(file.file, file.text);
  }
  if (files.length === 0) {
    draft.problems.push({
      file: dir,
      message: 'the folder holds no stack: neither platform.yaml nor a YAML file below tenants/',
    });
  } else if (!draft.platformSeen) {
    draft.problems.push({
      file: `${dir}/platform.yaml`,
      message: 'the stack has no Platform document; every stack needs one, here',
    });
  }
  return draft.finish();
}

/** The fields of a TenantIntegration that name something else. */
const references = z.object({
  spec: z.object({
    tenant: documentName,
    integration: documentName,
    config: z.record(z.string(), z.unknown()).default({}),
  }),
});

class Draft {
  readonly problems: Problem[] = [];
  readonly #platforms: Loaded<PlatformDocument>[] = [];
  readonly #tenants: Loaded<TenantDocument>[] = [];
  readonly #integrations: Loaded<IntegrationDocument>[] = [];
  readonly #partial: PartialIntegration[] = [];
  /** Names seen in documents that are not valid. */
  readonly #invalidNames = new Set<string>();
  #unreadable = false;
  platformSeen = false;

  addUnreadable(problem: Problem): void {
    this.problems.push(problem);
    this.#unreadable = true;
  }

  addFile(file: string, text: string): void {
    const { documents, problems } = parseDocuments(file, text);
    this.problems.push(...problems);
    if (problems.length > 0) this.#glance(text);
    for (const document of documents) this.#add(document);
  }

  /** A document that cannot be parsed is there all the same; calling it missing elsewhere would mislead. */
  #glance(text: string): void {
    if (/^kind:\s*Platform\s*$/m.test(text)) this.platformSeen = true;
    for (const [, name = ''] of text.matchAll(/\bname:\s*["']?([a-z0-9-]+)/g)) this.#invalidNames.add(name);
  }

  finish(): StackDraft {
    const [platform, ...others] = this.#platforms;
    for (const other of platform === undefined ? [] : others) {
      const message = `a stack has one Platform; the first is ${placeOf(platform as Loaded<PlatformDocument>, ['kind'])}`;
      this.problems.push(problemIn(other, ['kind'], message));
    }
    return {
      platform,
      tenants: byName(this.#tenants),
      integrations: byName(this.#integrations),
      partial: this.#partial,
      mayHaveTenant: (name) => this.#unreadable || this.#invalidNames.has(name),
      problems: sortProblems(this.problems),
    };
  }

  #add(document: YamlDocument): void {
    const kind = kindOf(document);
    let valid = false;
    if (typeof kind === 'string') valid = this.#addAs(kind, document);
    else this.problems.push(...kind.problems);
    const metadata = valid
      ? undefined
      : (document.value as { metadata?: { name?: unknown } } | null)?.metadata;
    if (typeof metadata?.name === 'string') this.#invalidNames.add(metadata.name);
  }

  #addAs(kind: Kind, document: YamlDocument): boolean {
    if (kind === 'Platform') {
      this.platformSeen = true;
      return this.#keep(platformDocument, document, this.#platforms);
    }
    if (kind === 'Tenant') return this.#keep(tenantDocument, document, this.#tenants);
    const valid = this.#keep(integrationDocument, document, this.#integrations);
    if (!valid) this.#keepPartly(document);
    return valid;
  }

  #keepPartly(document: YamlDocument): void {
    const found = references.safeParse(document.value);
    if (!found.success) return;
    const partial = { spec: found.data.spec, source: { file: document.file, line: document.line } };
    rememberOrigin(partial, document);
    this.#partial.push(partial);
  }

  #keep<S extends z.ZodType<object>>(
    schema: S,
    document: YamlDocument,
    into: Loaded<z.output<S>>[],
  ): boolean {
    const result = validate(schema, document);
    if (!result.ok) {
      this.problems.push(...result.problems);
      return false;
    }
    const loaded = { ...result.value, source: { file: document.file, line: document.line } };
    rememberOrigin(loaded, document);
    into.push(loaded);
    return true;
  }
}

/** The kind of a document, when Tenantry has it; its schema then says whether the apiVersion is right. */
function kindOf(document: YamlDocument): Kind | { readonly problems: Problem[] } {
  const { value } = document;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = `a document must be a mapping with apiVersion, kind, metadata and spec; found ${show(value)}`;
    return { problems: [problemAt(document, [], message)] };
  }
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
  if (typeof kind === 'string' && Object.hasOwn(KINDS, kind)) return kind as Kind;
  const problems = [
    ...wrongWord(document, { field: 'apiVersion', found: apiVersion, allowed: [API_VERSION] }),
    ...wrongWord(document, { field: 'kind', found: kind, allowed: Object.keys(KINDS) }),
  ];
  return { problems };
}

function wrongWord(
  document: YamlDocument,
  word: { readonly field: string; readonly found: unknown; readonly allowed: readonly string[] },
): Problem[] {
  const { field, found, allowed } = word;
  if (typeof found === 'string' && allowed.includes(found)) return [];
  const must = `must be ${allowed.length === 1 ? '' : 'one of '}${allowed.join(', ')}`;
  if (found === undefined) return [problemAt(document, [field], `the field "${field}" is required; ${must}`)];
  const meant = typeof found === 'string' && allowed.length > 1 ? didYouMean(found, allowed) : '';
  return [problemAt(document, [field], `${must}; found ${show(found)}${meant}`)];
}

/** Sorts in place, so that the same documents always come in the same order. */
export function byName<D extends { readonly metadata: { readonly name: string } }>(documents: D[]): D[] {
  return documents.sort((a, b) =>
    a.metadata.name < b.metadata.name ? -1 : Number(a.metadata.name > b.metadata.name),
  );
}
