import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { crdFiles } from '../../src/spec/crd.ts';
import { generatedFiles } from '../../src/spec/generate.ts';
import { structural } from '../../src/spec/structural-schema.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const files = await generatedFiles();

describe('generated files', () => {
  it.each(files.map(({ name, text }) => [name, text] as const))('%s is current', async (name, text) => {
    const found = await readFile(join(ROOT, name), 'utf8').catch(() => '');
    expect(found === text, `${name} is not current: run \`npm run generate\``).toBe(true);
  });

  it('are all there is in crds/ and schema/', async () => {
    const folders = await Promise.all(
      ['crds', 'schema'].map(async (folder) =>
        (await readdir(join(ROOT, folder))).map((file) => `${folder}/${file}`),
      ),
    );
    const made = files.map(({ name }) => name);
    expect(folders.flat().filter((file) => !made.includes(file))).toEqual([]);
  });
});

interface Node {
  readonly [keyword: string]: unknown;
}

/** Every schema inside a schema, with its path. */
function* schemas(node: Node, path: string): Generator<readonly [string, Node]> {
  yield [path, node];
  for (const [name, child] of Object.entries((node.properties ?? {}) as Record<string, Node>)) {
    yield* schemas(child, `${path}.${name}`);
  }
  for (const keyword of ['items', 'additionalProperties']) {
    const child = node[keyword];
    if (typeof child === 'object' && child !== null) yield* schemas(child as Node, `${path}.${keyword}`);
  }
}

describe('custom resource definitions', () => {
  const definitions = crdFiles().map(({ name, text }) => [name, text, parse(text)] as const);

  it.each(definitions)('%s is structural and small enough for an API server', (_name, text, definition) => {
    expect(Buffer.byteLength(text)).toBeLessThan(200_000);
    const root = definition.spec.versions[0].schema.openAPIV3Schema as Node;
    const all = [...schemas(root, '')];
    const forbidden = [
      '$ref',
      '$schema',
      'definitions',
      'additionalItems',
      'patternProperties',
      'uniqueItems',
    ];
    expect(all.filter(([, node]) => typeof node.type !== 'string').map(([path]) => path)).toEqual([]);
    expect(all.filter(([, node]) => forbidden.some((word) => word in node)).map(([path]) => path)).toEqual(
      [],
    );
    const both = all.filter(([, node]) => 'properties' in node && 'additionalProperties' in node);
    expect(both.map(([path]) => path)).toEqual([]);
    expect(
      Object.keys((root.properties as { metadata: { properties: object } }).metadata.properties),
    ).toEqual(['name']);
  });

  it('say what a person needs to see at a glance and what cannot be changed', () => {
    const [tenants, integrations] = definitions.map(([, , definition]) => definition.spec);
    const names = (spec: typeof tenants) =>
      spec.versions[0].additionalPrinterColumns.map((column: { name: string }) => column.name);
    expect(names(tenants)).toEqual(['Ready', 'Reason', 'Schema', 'Age', 'Message']);
    expect(names(integrations)).toEqual([
      'Tenant',
      'Integration',
      'Ready',
      'Reason',
      'Credential',
      'Last Sync',
      'Next Sync',
      'Age',
      'Message',
    ]);
    const spec = integrations.versions[0].schema.openAPIV3Schema.properties.spec.properties;
    for (const field of ['tenant', 'integration']) {
      expect(spec[field]['x-kubernetes-validations']).toContainEqual({
        rule: 'self == oldSelf',
        message: 'cannot be changed; make a new document instead',
      });
    }
    expect(spec.sync.properties.streams).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    });
    expect(spec.config).toMatchObject({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
    expect(spec.sync.default).toEqual({});
    expect(spec.sync.properties.schedule.default).toBe('manual');
  });

  it('are refused rather than made when a rule has no structural form', () => {
    const schema = z.toJSONSchema(z.union([z.string(), z.int()])) as Node;
    const { $schema: _, ...union } = schema;
    expect(() => structural(union)).toThrow('no structural form of the JSON Schema keyword anyOf');
  });
});
