/** The reference page of the documents, made from their schemas. */
import { GENERATED, inputSchema, type JsonSchema } from './json-schema.ts';
import { KINDS, type Kind } from './load.ts';

const INTRODUCTION = `# Documents

A stack is a folder with \`platform.yaml\` (one Platform) and \`tenants/\` (any number of YAML files in any number of
folders, with one or more documents each, separated by \`---\`). \`tenantry validate\` shows every mistake of every file.

For help in an editor put this line at the top of a file, with the path from there to the \`schema/\` folder:

    # yaml-language-server: $schema=../../../schema/tenantry.schema.json

Wherever a secret is allowed, only a reference is accepted: \`\${VAULT:path:key}\` or \`\${ENV:NAME}\`.
`;

const ABOUT: Readonly<Record<Kind, string>> = {
  Platform: 'The systems that a stack talks to. One per stack.',
  Tenant: 'A customer of the product, with its own key, schema and policies.',
  TenantIntegration: 'A tenant connected to a third-party service.',
};

/** `documents.md`: every field of every kind with its type, default and meaning. */
export function documentsReference(): string {
  const kinds = Object.keys(KINDS) as Kind[];
  const sections = kinds.map((kind) => section(kind, inputSchema(KINDS[kind])));
  return `<!-- ${GENERATED} -->\n\n${INTRODUCTION}\n${sections.join('\n')}`;
}

function section(kind: Kind, schema: JsonSchema): string {
  const rows = fieldRows(schema, '').map((cells) => `| ${cells.map(cell).join(' | ')} |`);
  return [
    `## ${kind}`,
    '',
    ABOUT[kind],
    '',
    '| field | type | default | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

type Row = readonly [field: string, type: string, standard: string, meaning: string];

function fieldRows(schema: JsonSchema, prefix: string): Row[] {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  return Object.entries(propertiesOf(schema)).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const standard = required.has(name) ? 'required' : defaultOf(field);
    const row: Row = [`\`${path}\``, typeOf(field), standard, meaningOf(field)];
    return [row, ...fieldsBelow(field, path)];
  });
}

function fieldsBelow(field: JsonSchema, path: string): Row[] {
  const items = field.items as JsonSchema | undefined;
  if (items?.properties !== undefined) return fieldRows(items, `${path}[].`);
  const values = field.additionalProperties;
  if (typeof values === 'object' && values !== null && 'properties' in values) {
    return fieldRows(values as JsonSchema, `${path}.*.`);
  }
  const variants = (field.oneOf as JsonSchema[] | undefined) ?? [];
  return variants.length > 0 ? variantRows(variants, `${path}.`) : fieldRows(field, `${path}.`);
}

/** The field that tells variants apart is shown once, with all its values; the others say where they belong. */
function variantRows(variants: readonly JsonSchema[], prefix: string): Row[] {
  const tag = Object.keys(propertiesOf(variants[0] ?? {})).find((name) => {
    return variants.every((variant) => propertiesOf(variant)[name]?.const !== undefined);
  });
  if (tag === undefined) return [];
  const values = variants.map((variant) => propertiesOf(variant)[tag]?.const);
  const first: Row = [
    `\`${prefix}${tag}\``,
    values.map(code).join(' or '),
    'required',
    'Which of these it is.',
  ];
  const others = variants.flatMap((variant, index) =>
    fieldRows(variant, prefix)
      .filter(([field]) => field !== first[0])
      .map(
        ([field, type, standard, meaning]): Row => [
          field,
          type,
          standard,
          `With ${tag} ${code(values[index])}: ${meaning}`,
        ],
      ),
  );
  return [first, ...others];
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema.properties as Record<string, JsonSchema> | undefined) ?? {};
}

function typeOf(field: JsonSchema): string {
  if (field.const !== undefined) return code(field.const);
  const values = field.enum as readonly unknown[] | undefined;
  if (values !== undefined) return values.map(code).join(' or ');
  const options = field.anyOf as JsonSchema[] | undefined;
  if (options !== undefined) return [...new Set(options.map(typeOf))].join(' or ');
  if (field.oneOf !== undefined) return 'mapping';
  return field.type === 'array' ? `list of ${typeOf(field.items as JsonSchema)}` : scalarType(field);
}

const TYPES: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  integer: 'whole number',
  number: 'number',
  object: 'mapping',
  string: 'text',
};

function scalarType(field: JsonSchema): string {
  const name = TYPES[String(field.type)] ?? 'any';
  const { minimum, maximum } = field as { minimum?: number; maximum?: number };
  if (minimum === undefined) return name;
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? `${name}, at least ${minimum}`
    : `${name}, ${minimum} to ${maximum}`;
}

function defaultOf(field: JsonSchema): string {
  const value = field.default;
  const composed = typeof value === 'object' && value !== null;
  return value === undefined || composed ? '' : code(value);
}

/** The description without its default, which has a column of its own. */
function meaningOf(field: JsonSchema): string {
  const description = String(field.description ?? '');
  return defaultOf(field) === '' ? description : description.replace(/ Default [^ ]+\.(?= |$)/, '');
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
