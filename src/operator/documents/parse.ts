/** Reads one custom resource as the document that it is, by the rules that files are read by. */
import type { z } from 'zod';
import type { Problem } from '../../errors.ts';
import type { Loaded, Source } from '../../spec/documents.ts';
import { type IntegrationDocument, integrationDocument } from '../../spec/integration.ts';
import { type TenantDocument, tenantDocument } from '../../spec/tenant.ts';
import { validate } from '../../spec/validate.ts';
import type { AnyObject, IntegrationObject, TenantObject } from '../objects.ts';
import { type FoundReference, findReferences } from './references.ts';

/** A custom resource that was read. */
export interface Parsed<D> {
  /** The document with its defaults; undefined when it is not valid by itself. */
  readonly document: Loaded<D> | undefined;
  /**
   * What is certain of a document that is not valid: its names and the places that it writes to. Others must leave
   * these to it, because it may have been valid before.
   */
  readonly remnant: Loaded<D> | undefined;
  /** Mistakes of the document by itself. */
  readonly problems: readonly Problem[];
  /** References to secrets in a valid document; whether they are allowed, the Platform says. */
  readonly references: readonly FoundReference[];
}

/** What was read before, by uid; holds for as long as the generation of the object is the same. */
export type ParseCache = Map<string, { readonly generation: number; readonly parsed: Parsed<unknown> }>;

export function parseTenant(object: TenantObject, cache?: ParseCache): Parsed<TenantDocument> {
  return cached(object, cache, () => parse(tenantDocument, object, tenantRemnant));
}

export function parseIntegration(object: IntegrationObject, cache?: ParseCache): Parsed<IntegrationDocument> {
  return cached(object, cache, () => parse(integrationDocument, object, integrationRemnant));
}

/** A change of spec raises the generation (Kubernetes API conventions, "Metadata"); names never change. */
function cached<D>(object: AnyObject, cache: ParseCache | undefined, read: () => Parsed<D>): Parsed<D> {
  const { uid, generation } = object.metadata;
  const known = cache?.get(uid);
  if (known?.generation === generation) return known.parsed as Parsed<D>;
  const parsed = read();
  cache?.set(uid, { generation, parsed });
  return parsed;
}

type Spec = Readonly<Record<string, unknown>>;
type Raw = ReturnType<typeof rawOf>;

/** The document in the object. Labels and annotations mean nothing to Tenantry, and belong to many others here. */
function rawOf({ apiVersion, kind, metadata, spec }: AnyObject, only: Spec = spec) {
  return { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace }, spec: only };
}

function sourceOf({ kind, metadata }: AnyObject): Source {
  return { file: `${kind} ${metadata.name}`, line: 0, namespace: metadata.namespace };
}

function parse<O extends AnyObject, S extends z.ZodType<object>>(
  schema: S,
  object: O,
  remnantOf: (object: O) => Raw,
): Parsed<z.output<S>> {
  const source = sourceOf(object);
  const position = () => ({ line: 0, column: 0 });
  const result = validate(schema, { file: source.file, line: 0, value: rawOf(object), position });
  if (result.ok) {
    const references = findReferences(object.spec);
    return { document: { ...result.value, source }, remnant: undefined, problems: [], references };
  }
  const remnant = schema.safeParse(remnantOf(object));
  return {
    document: undefined,
    remnant: remnant.success ? { ...remnant.data, source } : undefined,
    problems: result.problems.map(inWords),
    references: [],
  };
}

/** A custom resource has fields and no lines. */
export function inWords({ message, path, hint }: Problem): Problem {
  return { message, ...(path ? { path } : {}), ...(hint ? { hint } : {}) };
}

function tenantRemnant(object: TenantObject): Raw {
  return whatIsValid(tenantDocument, object, { base: {}, nested: { database: ['schema'] } });
}

function integrationRemnant(object: IntegrationObject): Raw {
  const { tenant, integration } = recordOf(object.spec);
  const nested = { sync: ['namespace', 'prefix', 'streams'] };
  return whatIsValid(integrationDocument, object, { base: { tenant, integration }, nested });
}

interface Choice {
  /** Fields without which nothing is valid. */
  readonly base: Spec;
  /** Fields that are looked at one by one; of the others each is taken as a whole. */
  readonly nested: Readonly<Record<string, readonly string[]>>;
}

/** The fields that are valid each by itself. */
function whatIsValid(schema: z.ZodType, object: AnyObject, { base, nested }: Choice): Raw {
  const isValid = (spec: Spec): boolean => schema.safeParse(rawOf(object, { ...base, ...spec })).success;
  const kept = Object.entries(recordOf(object.spec)).flatMap(([field, value]): [string, unknown][] => {
    if (Object.hasOwn(base, field)) return [];
    if (!Object.hasOwn(nested, field)) return isValid({ [field]: value }) ? [[field, value]] : [];
    const parts = (nested[field] ?? []).map((name): [string, unknown] => [name, recordOf(value)[name]]);
    const valid = parts.filter(
      ([name, part]) => part !== undefined && isValid({ [field]: { [name]: part } }),
    );
    return [[field, Object.fromEntries(valid)]];
  });
  return rawOf(object, { ...base, ...Object.fromEntries(kept) });
}

function recordOf(value: unknown): Spec {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Spec) : {};
}
