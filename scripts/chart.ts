/** Writes what the Helm chart takes from elsewhere in this project: CRDs, the schema of `platform`, the table of values. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const CHART = 'deploy/helm/tenantry';

interface Schema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly $ref?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
}

/** The files by their paths within the project, as they should be. */
export async function chartFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const name of (await readdir(join(root, 'crds'))).sort()) {
    files.set(`${CHART}/files/crds/${name}`, kept(await text(`crds/${name}`)));
  }
  const schema = withPlatform(
    JSON.parse(await text(`${CHART}/values.schema.json`)) as ValuesSchema,
    JSON.parse(await text('schema/platform.schema.json')) as PlatformSchema,
  );
  files.set(`${CHART}/values.schema.json`, `${JSON.stringify(schema, null, 2)}\n`);
  files.set('docs/kubernetes/values.md', valuesPage(schema, parse(await text(`${CHART}/values.yaml`))));
  return files;
}

function text(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8');
}

/** With a CRD go all its objects: Helm must not take it away with the release. */
function kept(crd: string): string {
  return crd.replace(/^metadata:\n/m, 'metadata:\n  annotations:\n    helm.sh/resource-policy: keep\n');
}

type ValuesSchema = Schema & { readonly $defs: Readonly<Record<string, unknown>> };
interface PlatformSchema {
  readonly properties: { readonly spec: unknown };
}

function withPlatform(values: ValuesSchema, { properties }: PlatformSchema): ValuesSchema {
  const { spec: platform } = properties;
  return { ...values, $defs: { ...values.$defs, platform, partOfPlatform: partOf(platform) } };
}

/** The schema of what is laid over a whole: nothing of it is required, and an alternative may be any of several. */
function partOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(partOf);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).flatMap(([key, value]) => {
    if (key === 'required' && Array.isArray(value)) return [];
    return [[key === 'oneOf' ? 'anyOf' : key, partOf(value)] as const];
  });
  return Object.fromEntries(entries);
}

function valuesPage(schema: Schema, values: unknown): string {
  const rows = rowsOf(schema, values, '');
  return [
    '<!-- Generated from deploy/helm/tenantry by `npm run generate`; do not edit. -->',
    '',
    '# Values of the chart',
    '',
    'Helm refuses a value that is not in this table, and a `platform` that is not one. How to begin: [install.md](install.md).',
    '',
    '| value | type | default | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function rowsOf(schema: Schema, values: unknown, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const value = (values as Record<string, unknown> | undefined)?.[name];
    if (child.properties !== undefined) return rowsOf(child, value, at);
    const cells = [`\`${at}\``, typeOf(child), defaultOf(value), child.description ?? ''];
    return [`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`];
  });
}

function typeOf({ type, enum: allowed, $ref, items }: Schema): string {
  if (allowed !== undefined) return allowed.map((each) => `\`${each}\``).join(', ');
  if ($ref !== undefined) return 'mapping';
  const names = [type ?? []].flat().map((each) => WORDS[each] ?? each);
  const [first = 'mapping'] = names;
  if (first === 'list' && typeof items?.type === 'string') return `list of ${WORDS[items.type]}`;
  return names.join(' or ') || first;
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'number',
  number: 'number',
  boolean: 'true or false',
  object: 'mapping',
  array: 'list',
  null: 'null',
};

function defaultOf(value: unknown): string {
  if (value === undefined || value === '') return '';
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

if (import.meta.main) {
  for (const [path, content] of await chartFiles()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}
