/** A folder as `npm install tenantry` leaves it: the files that are published, and their dependencies beside them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..', '..', '..');

export interface Installed {
  /** Folder with package.json and node_modules. */
  readonly root: string;
  remove(): Promise<void>;
}

export async function installTenantry(): Promise<Installed> {
  const root = await mkdtemp(join(tmpdir(), 'tenantry-installed-'));
  const modules = join(root, 'node_modules');
  const own = join(modules, 'tenantry');
  await mkdir(own, { recursive: true });
  const { files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', ...files.filter((file) => file !== 'dist')]) {
    await cp(join(ROOT, name), join(own, name), { recursive: true });
  }
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  await build(join(own, 'dist'));
  await writeFile(join(root, 'package.json'), '{ "type": "module" }\n');
  return { root, remove: () => rm(root, { recursive: true, force: true }) };
}

async function build(dist: string): Promise<void> {
  const path = `${join(ROOT, 'node_modules', '.bin')}${delimiter}${process.env['PATH']}`;
  const built = promisify(execFile)(process.execPath, ['scripts/build.ts', dist], {
    cwd: ROOT,
    env: { ...process.env, PATH: path },
  });
  // Mistakes of type are for the type check to tell; they do not keep the compiler from writing.
  await built.catch((error: unknown) => {
    if (!existsSync(join(dist, 'pulumi', 'index.js'))) throw error;
  });
}
