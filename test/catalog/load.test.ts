import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CatalogFolders, loadCatalog } from '../../src/catalog/load.ts';
import { InvalidDocumentsError, type Problem } from '../../src/errors.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-catalog-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const ENTRY = `# Our own service.
id: acme-crm
name: Acme CRM
category: crm
docs: https://acme.example/docs
auth:
  kind: api_key
  label: API key
airbyte:
  sourceType: acme-crm
  credentialOwner: tenantry
  configuration:
    api_key: '{{credential.access_token}}'
`;

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text);
}

/** The problems as a person sees them, with the file's name only. */
async function problems(options: CatalogFolders): Promise<(Problem & { file: string })[]> {
  const error = await loadCatalog(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InvalidDocumentsError)) throw new Error(`expected problems, got ${String(error)}`);
  expect(error.code).toBe('CatalogInvalid');
  return error.problems.map((problem) => ({ ...problem, file: basename(problem.file ?? '') }));
}

describe('loadCatalog', () => {
  it('has one built-in entry for each file of the package’s catalog folder', async () => {
    const files = await readdir(join(import.meta.dirname, '..', '..', 'catalog'));
    const catalog = await loadCatalog();
    expect([...catalog.keys()].sort()).toEqual(files.map((file) => basename(file, '.yaml')).sort());
    expect(catalog.size).toBeGreaterThanOrEqual(12);
  });

  it('adds the private entries of a stack, with defaults filled in', async () => {
    await write('acme-crm.yaml', ENTRY);
    await write('README.md', 'not an entry');
    const catalog = await loadCatalog({ private: folder });
    expect(catalog.get('acme-crm')?.airbyte).toMatchObject({ config: {}, streams: [] });
    expect(catalog.has('notion')).toBe(true);
  });

  it('takes the example of docs/catalog.md as it stands there', async () => {
    const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'catalog.md'), 'utf8');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    await write('acme-crm.yaml', example);
    const catalog = await loadCatalog({ private: folder });
    expect(catalog.get('acme-crm')?.proxy?.baseUrl).toBe('https://{region}.api.acme.example');
  });

  it('lets a private entry replace the built-in one of the same id', async () => {
    await write('notion.yaml', ENTRY.replace('id: acme-crm', 'id: notion'));
    const catalog = await loadCatalog({ private: folder });
    expect(catalog.get('notion')?.name).toBe('Acme CRM');
  });

  it('does without the private folder when there is none', async () => {
    const catalog = await loadCatalog({ private: join(folder, 'nowhere') });
    expect(catalog.has('notion')).toBe(true);
  });

  it('says when the folder of the catalog itself does not exist', async () => {
    expect(await problems({ builtin: join(folder, 'nowhere') })).toEqual([
      { file: 'nowhere', message: 'the folder of the catalog does not exist' },
    ]);
  });

  it('reports the mistakes of all files together, each with its place', async () => {
    await write('acme-crm.yaml', ENTRY.replace('category: crm', 'category: cmr'));
    await write('b.yaml', 'id: b\nname: [Bee\n');
    await write('empty.yaml', '# nothing yet\n');
    const found = await problems({ private: folder });
    expect(found.map(({ file, line, path }) => ({ file, line, path }))).toEqual([
      { file: 'acme-crm.yaml', line: 4, path: 'category' },
      expect.objectContaining({ file: 'b.yaml', line: 3 }),
      { file: 'empty.yaml', line: 1, path: undefined },
    ]);
    expect(found[0]).toMatchObject({ column: 11, message: expect.stringContaining('did you mean "crm"?') });
  });

  it('finds an unknown field and names the one that was meant', async () => {
    await write('acme-crm.yaml', ENTRY.replace('credentialOwner', 'credentialOwners'));
    const found = await problems({ private: folder });
    expect(found).toContainEqual(
      expect.objectContaining({
        line: 11,
        column: 3,
        path: 'airbyte.credentialOwners',
        message: expect.stringContaining('did you mean "credentialOwner"?'),
      }),
    );
  });

  it('gives the place of a mistake that no schema can see', async () => {
    await write('acme-crm.yaml', ENTRY.replace('credential.access_token', 'credential.acces_token'));
    expect(await problems({ private: folder })).toEqual([
      {
        file: 'acme-crm.yaml',
        line: 13,
        column: 14,
        path: 'airbyte.configuration.api_key',
        message: 'no credential field "acces_token"; did you mean "access_token"?',
      },
    ]);
  });

  it('wants the file to bear the id of its entry', async () => {
    await write('acme.yaml', ENTRY);
    expect(await problems({ private: folder })).toMatchObject([
      {
        file: 'acme.yaml',
        line: 2,
        path: 'id',
        message: 'must equal the name of the file, "acme"; found "acme-crm"',
      },
    ]);
  });

  it('refuses two files of one id and two entries in one file', async () => {
    await write('acme-crm.yaml', ENTRY);
    await write('acme-crm.yml', ENTRY);
    await write('twice.yaml', `${ENTRY}---\n${ENTRY}`);
    const found = await problems({ private: folder });
    expect(found.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      expect.stringMatching(/^acme-crm\.yml: .*acme-crm\.yaml is the same entry; keep one$/),
      'twice.yaml: one file holds one entry; put this one into its own file',
    ]);
  });
});
