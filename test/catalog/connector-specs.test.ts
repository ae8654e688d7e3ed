import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.ts';
import {
  isSecretSlot,
  type Rendered,
  renderSourceConfiguration,
  type SecretSlot,
  type Templated,
} from '../../src/catalog/source-configuration.ts';
import { fillSecrets, type Json, secretSlots } from './fill-secrets.ts';
import { sampleConfig, sharedJson } from './sample.ts';

interface Schema {
  readonly airbyte_secret?: boolean;
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
}

const specs = sharedJson('airbyte/connector-specs.json') as Record<string, Schema> | undefined;
const catalog = await loadCatalog();
const samples = [...catalog.values()].flatMap((entry) => {
  const sourceType = entry.airbyte?.sourceType;
  return (['required', 'all'] as const).map((settings) => ({
    name: `${entry.id} with ${settings} settings`,
    sourceType: `source-${sourceType}`,
    rendered: () => renderSourceConfiguration(entry, sampleConfig(entry, settings)),
  }));
});

function validator(schema: Schema): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return ajv.compile(schema);
}

/** The schema's branches with the properties that a value has at a place. */
function branches(schema: Schema): readonly Schema[] {
  return [schema, ...(schema.oneOf ?? []).flatMap(branches)];
}

interface Leaf {
  readonly path: string;
  readonly value: Templated;
  /** Undefined where the connector does not know the field. */
  readonly schema: Schema | undefined;
}

/** Each value of a configuration with the part of the connector's schema that speaks of it. */
function leaves(value: Templated, schema: Schema | undefined, path = ''): Leaf[] {
  if (isSecretSlot(value) || typeof value !== 'object' || value === null) return [{ path, value, schema }];
  const known = schema === undefined ? [] : branches(schema);
  if (Array.isArray(value)) {
    const items = known.find((branch) => branch.items !== undefined)?.items;
    return value.flatMap((item: Templated, index) => leaves(item, items, `${path}[${index}]`));
  }
  return Object.entries(value).flatMap(([key, item]: [string, Templated]) => {
    const owners = known.filter((branch) => branch.properties?.[key] !== undefined);
    const fields = owners.map((branch) => branch.properties?.[key]).filter((field) => field !== undefined);
    const field = fields.length > 1 ? { oneOf: fields } : fields[0];
    return leaves(item, field, `${path}.${key}`);
  });
}

function isSecretField(schema: Schema | undefined): boolean {
  return schema !== undefined && branches(schema).some((branch) => branch.airbyte_secret === true);
}

/** Ids and facts are told to anybody; the rest of what a slot can hold is not. */
function holdsSecret({ $secret }: SecretSlot): boolean {
  if ($secret.from === 'ref') return true;
  return ['access_token', 'refresh_token', 'client_secret', 'password'].includes($secret.field);
}

describe.skipIf(specs === undefined)('every entry fits the schema of its Airbyte connector', () => {
  it.each(samples)('$name is accepted by the connector', ({ sourceType, rendered }) => {
    const schema = specs?.[sourceType];
    if (schema === undefined) throw new Error(`no schema of ${sourceType}`);
    const configuration: Json = fillSecrets(rendered(), () => 'dummy-secret');
    const validate = validator(schema);
    expect(validate(configuration), JSON.stringify(validate.errors, null, 2)).toBe(true);
  });

  it.each(samples)('$name uses only fields that the connector knows', ({ sourceType, rendered }) => {
    const unknown = leaves(rendered(), specs?.[sourceType]).filter(({ schema }) => schema === undefined);
    expect(unknown.map(({ path }) => path)).toEqual([]);
  });

  it.each(samples)(
    '$name fills secret fields of the connector from slots only',
    ({ sourceType, rendered }) => {
      const found = leaves(rendered(), specs?.[sourceType]).filter(({ schema }) => isSecretField(schema));
      expect(found.filter(({ value }) => !isSecretSlot(value)).map(({ path }) => path)).toEqual([]);
    },
  );

  it.each(samples)('$name puts secrets only where Airbyte masks them', ({ sourceType, rendered }) => {
    const shown = leaves(rendered(), specs?.[sourceType]).filter(
      ({ value, schema }) => isSecretSlot(value) && holdsSecret(value) && !isSecretField(schema),
    );
    expect(shown.map(({ path }) => path)).toEqual([]);
  });
});

describe('secret slots of the entries', () => {
  const slotsOf = (rendered: Rendered) => secretSlots(rendered).map(({ $secret }) => $secret);

  it('hands Airbyte no refresh token that rotates', () => {
    for (const entry of catalog.values()) {
      if (entry.auth.kind !== 'oauth2' || !entry.auth.refresh.rotates) continue;
      const slots = slotsOf(renderSourceConfiguration(entry, sampleConfig(entry, 'all')));
      expect(slots, entry.id).not.toContainEqual(expect.objectContaining({ field: 'refresh_token' }));
    }
  });

  it('sends the OAuth token of Linear as a bearer, because its connector sends the whole header', () => {
    const linear = catalog.get('linear');
    if (linear === undefined) throw new Error('no entry linear');
    const filled = fillSecrets(renderSourceConfiguration(linear, {}), () => 'dummy-secret');
    expect(filled).toEqual({ sourceType: 'linear', api_key: 'Bearer dummy-secret' });
  });
});
