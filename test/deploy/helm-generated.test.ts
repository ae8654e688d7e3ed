import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { chartFiles } from '../../scripts/chart.ts';

const root = join(import.meta.dirname, '..', '..');
const chart = join(root, 'deploy', 'helm', 'tenantry');

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Paths of what a file of values can set: mappings without named fields are one value. */
function paths(value: unknown, schema: Schema | undefined, at = ''): string[] {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMapping || (at !== '' && schema?.properties === undefined)) return [at];
  return Object.entries(value).flatMap(([name, child]) =>
    paths(child, schema?.properties?.[name], at === '' ? name : `${at}.${name}`),
  );
}

describe('what the chart takes from elsewhere', () => {
  it('is current; else run `npm run generate`', async () => {
    for (const [path, content] of await chartFiles()) {
      expect(await readFile(join(root, path), 'utf8'), path).toBe(content);
    }
  });

  it('is every CRD there is', async () => {
    expect(await readdir(join(chart, 'files', 'crds'))).toEqual(await readdir(join(root, 'crds')));
  });
});

describe('the values', () => {
  it('are each in the table, with a meaning', async () => {
    const [values, schema, page] = await Promise.all([
      readFile(join(chart, 'values.yaml'), 'utf8').then((text) => parse(text) as unknown),
      readFile(join(chart, 'values.schema.json'), 'utf8').then((text) => JSON.parse(text) as Schema),
      readFile(join(root, 'docs', 'kubernetes', 'values.md'), 'utf8'),
    ]);
    const all = paths(values, schema);
    expect(all.length).toBeGreaterThan(80);
    const rows = [...page.matchAll(/^\| `([^`]+)` \| (.+) \| (.*) \| (.+) \|$/gm)];
    expect(
      rows
        .map(([, path]) => path)
        .filter((path) => path !== 'global')
        .sort(),
    ).toEqual([...all, 'podSecurityContext.supplementalGroups'].sort());
    for (const [, path, , , meaning = ''] of rows) expect(meaning.length, path).toBeGreaterThan(6);
  });

  it('have nothing in the schema that the file of defaults does not show', async () => {
    const values = parse(await readFile(join(chart, 'values.yaml'), 'utf8')) as unknown;
    const schema = JSON.parse(await readFile(join(chart, 'values.schema.json'), 'utf8')) as Schema;
    const shown = new Set(paths(values, schema));
    const known = (each: Schema, at = ''): string[] =>
      Object.entries(each.properties ?? {}).flatMap(([name, child]) =>
        child.properties ? known(child, `${at}${name}.`) : [`${at}${name}`],
      );
    // Helm itself hands `global` to every chart.
    expect(known(schema).filter((path) => !shown.has(path))).toEqual([
      'podSecurityContext.supplementalGroups',
      'global',
    ]);
  });
});
