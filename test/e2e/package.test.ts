/** The package as it is published: built JavaScript, with everything it needs beside it. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-package-'));
  const { files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', ...files.filter((file) => file !== 'dist')]) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await run(join(ROOT, 'node_modules/.bin/tsc'), [
    '--project',
    join(ROOT, 'tsconfig.build.json'),
    '--outDir',
    join(folder, 'dist'),
  ]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function tenantry(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [join(folder, 'bin', 'tenantry.js'), ...args], { cwd: folder });
}

describe('the published package', () => {
  it('knows its version and its catalog', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await tenantry('--version')).stdout.trim()).toBe(version);
    expect((await tenantry('validate', '--stack', 'dev')).stdout).toBe('Valid: 3 tenants, 8 integrations.\n');
  });

  it('runs the embedded environment', async () => {
    const { stdout } = await tenantry('dev', '--stack', 'dev', '--once', '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ secondPlan: { changes: 0 } });
  });
});
