/** The package as it is published: built JavaScript, with everything it needs beside it. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
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
  await run(process.execPath, ['scripts/build.ts', join(folder, 'dist')], {
    cwd: ROOT,
    env: { ...process.env, PATH: `${join(ROOT, 'node_modules', '.bin')}${delimiter}${process.env['PATH']}` },
  });
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

  it('has the migrations of the platform tables', async () => {
    const folderOf = (...parts: string[]): string => join(...parts, 'sidecar', 'database', 'migrations');
    const names = await readdir(folderOf(ROOT, 'src'));
    expect(names.length).toBeGreaterThan(0);
    expect(await readdir(folderOf(folder, 'dist'))).toEqual(names);
  });

  it('has the client for programs and browsers, with types', async () => {
    const consumer = join(folder, 'consumer');
    await mkdir(join(consumer, 'node_modules'), { recursive: true });
    await symlink(folder, join(consumer, 'node_modules', 'tenantry'));
    const source = `
      import { createSidecarClient, type Schema, SidecarError } from 'tenantry/client';
      const client = createSidecarClient({ url: 'http://127.0.0.1:9', credential: 'tny_x', tries: 1 });
      const call: Promise<Schema<'Integrations'>> =
        client.get('/tenants/{tenant}/integrations', { path: { tenant: 'acme' } });
      call.catch((error: unknown) => console.log(error instanceof SidecarError && error.code));
      // @ts-expect-error no such path
      export const wrong = () => client.get('/nowhere');
    `;
    await writeFile(join(consumer, 'package.json'), '{ "type": "module" }');
    await writeFile(join(consumer, 'main.ts'), source);
    const compile = (...options: string[]): Promise<{ stdout: string; stderr: string }> =>
      run(
        join(ROOT, 'node_modules', '.bin', 'tsc'),
        ['main.ts', '--strict', '--target', 'es2024', ...options],
        {
          cwd: consumer,
        },
      ).catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout)));
    const types = join(ROOT, 'node_modules', '@types');
    await compile('--module', 'nodenext', '--types', 'node', '--typeRoots', types);
    await compile('--module', 'preserve', '--lib', 'es2024,dom', '--types', '', '--noEmit');
    const { stdout } = await run(process.execPath, ['main.js'], { cwd: consumer });
    expect(stdout).toBe('Unreachable\n');
  });

  it('runs the embedded environment', async () => {
    const { stdout } = await tenantry('dev', '--stack', 'dev', '--once', '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ secondPlan: { changes: 0 } });
  });
});
