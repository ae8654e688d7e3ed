/** The provider's schema, made from the resource types: what `pulumi package get-schema` and generated SDKs read. */
import { z } from 'zod';
import { version } from '../../version.ts';
import { providerFunctions } from './functions.ts';
import { resourceTypes } from './kinds.ts';
import type { OutputSchema } from './resource-type.ts';

/** Where the repository keeps it. */
export const PROVIDER_SCHEMA = 'schema/pulumi.schema.json';

type Json = Readonly<Record<string, unknown>>;

const ANY = { $ref: 'pulumi.json#/Any' } as const;

/** The Pulumi package schema (pulumi.com/docs/iac/using-pulumi/pulumi-packages/schema). */
export function providerSchema(): Json {
  const types: Record<string, Json> = {};
  return {
    name: 'tenantry',
    displayName: 'Tenantry',
    version: version(),
    description:
      'Connects your customers to third-party services: custody of credentials in Vault, syncs by Airbyte.',
    keywords: ['pulumi', 'tenantry', 'vault', 'airbyte', 'kind/native', 'category/infrastructure'],
    license: 'Apache-2.0',
    config: { variables: CONFIGURATION },
    provider: {
      description: 'The systems that the provider talks to, in the words of the Platform document.',
      inputProperties: CONFIGURATION,
    },
    resources: resources(types),
    functions: functions(types),
    types,
  };
}

/** The text of the file. */
export function providerSchemaText(): string {
  return `${JSON.stringify(providerSchema(), null, 2)}\n`;
}

const part = (name: string, example: string): Json => ({
  type: 'object',
  additionalProperties: ANY,
  // A login may stand in it.
  secret: true,
  description: `The fields of spec.${name} of a Platform document. What is left out comes from the environment (${example}).`,
});

const CONFIGURATION: Json = {
  vault: part('vault', 'VAULT_ADDR, VAULT_TOKEN, VAULT_ROLE_ID, VAULT_SECRET_ID …'),
  airbyte: part('airbyte', 'AIRBYTE_URL, AIRBYTE_CLIENT_ID, AIRBYTE_CLIENT_SECRET, AIRBYTE_API_KEY'),
};

function resources(types: Record<string, Json>): Json {
  const entries = [...resourceTypes.values()].map((type) => {
    const { inputs, required } = inputProperties(type.inputs, types);
    const marked = Object.fromEntries(
      Object.entries(inputs).map(([name, property]) => [
        name,
        type.replaces.includes(name) ? { ...property, willReplaceOnChanges: true } : property,
      ]),
    );
    const outputs = { ...outputProperties(type.outputs), ...(type.kind.ownership === 'mark' && OWNER) };
    const resource = {
      description: `${type.description}\n\nImport id: ${type.importId}.`,
      inputProperties: marked,
      requiredInputs: required,
      properties: { ...inputs, ...outputs },
      required: [...required, ...Object.keys(outputs)],
    };
    return [type.token, resource];
  });
  return Object.fromEntries(entries) as Json;
}

const OWNER = {
  owner: {
    type: 'string',
    description: 'Who the object belongs to, e.g. pulumi:<project>/<stack>; empty when it has no mark.',
  },
} as const;

function functions(types: Record<string, Json>): Json {
  const entries = [...providerFunctions.values()].map((each) => {
    const { inputs, required } = inputProperties(each.inputs, types);
    const properties = outputProperties(each.outputs);
    const described = {
      description: each.description,
      inputs: { type: 'object', properties: inputs, required },
      outputs: { type: 'object', properties, required: Object.keys(properties) },
    };
    return [each.token, described];
  });
  return Object.fromEntries(entries) as Json;
}

function outputProperties(outputs: Readonly<Record<string, OutputSchema>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, description, secret }]) => [
      name,
      { type, description, ...(secret && { secret: true }) },
    ]),
  );
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

function inputProperties(
  schema: z.ZodType,
  types: Record<string, Json>,
): { inputs: Record<string, Json>; required: readonly string[] } {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const properties = Object.entries(json.properties ?? {});
  return {
    inputs: Object.fromEntries(properties.map(([name, field]) => [name, property(name, field, types)])),
    required: json.required ?? [],
  };
}

function property(name: string, field: JsonSchema, types: Record<string, Json>): Json {
  const { description } = field;
  const plain = ['string', 'number', 'boolean'].includes(typeof field.default) && field.default !== '';
  return {
    ...typeOf(name, field, types),
    ...(description !== undefined && { description }),
    ...(plain && { default: field.default }),
  };
}

/** A mapping with fields of its own becomes a type that is named after the list that it is in. */
function typeOf(name: string, field: JsonSchema, types: Record<string, Json>): Json {
  if (field.items) return { type: 'array', items: typeOf(name.replace(/s$/, ''), field.items, types) };
  if (field.properties) {
    const token = `tenantry:index:${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const properties = Object.entries(field.properties).map(([key, inner]) => [
      key,
      property(key, inner, types),
    ]);
    types[token] = {
      type: 'object',
      properties: Object.fromEntries(properties),
      required: field.required ?? [],
    };
    return { $ref: `#/types/${token}` };
  }
  if (field.type === 'object') return { type: 'object', additionalProperties: ANY };
  return field.type === undefined ? ANY : { type: field.type };
}
