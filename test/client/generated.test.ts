import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'src', 'client');

describe('the sources of the client', () => {
  it('have types that are current', async () => {
    const PATH = `${join(ROOT, 'node_modules', '.bin')}${delimiter}${process.env['PATH']}`;
    const run = promisify(execFile)(process.execPath, ['scripts/client-types.ts', '--check'], {
      cwd: ROOT,
      env: { ...process.env, PATH },
    });
    await expect(run).resolves.toMatchObject({ stderr: '' });
  });

  it('import nothing that a browser does not have', async () => {
    const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts'));
    const imports = await Promise.all(
      files.map(async (name) => {
        const text = await readFile(join(FOLDER, name), 'utf8');
        return [...text.matchAll(/from '([^']+)'/g)].map(([, from = '']) => from);
      }),
    );
    const outside = imports.flat().filter((from) => !from.startsWith('./'));
    expect([...new Set(outside)].sort()).toEqual(['cockatiel', 'openapi-fetch']);
  });
});
