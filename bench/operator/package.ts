/** Tenantry as it is installed: built into a folder of its own, so that work on the sources does not change what runs. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

export interface BuiltPackage {
  /** Path of the program. */
  readonly program: string;
  remove(): Promise<void>;
}

/** What is installed is measured: the sources as they are need 40 MB more, to be made JavaScript. */
export async function buildPackage(): Promise<BuiltPackage> {
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-bench-package-'));
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    const dist = join(dir, 'dist');
    const program = join(dist, 'cli/main.js');
    const { status } = spawnSync(process.execPath, [join(ROOT, 'scripts/build.ts'), dist], {
      cwd: ROOT,
      // Standard output is for the report.
      stdio: ['ignore', 2, 2],
      env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}` },
    });
    // Mistakes of type are for the type check to tell; they do not keep the compiler from writing.
    if (!existsSync(program)) throw new Error(`the build ended with ${status}`);
    for (const name of ['bin', 'catalog', 'package.json'])
      await cp(join(ROOT, name), join(dir, name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    return { program, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
