/**
 * Builds the web application into dist/ui, where the sidecar finds it; `--if-stale` only where something that it is made from
 * has changed since. Each file also lies there compressed, so that serving costs nothing.
 */
import { createHash } from 'node:crypto';
import { chmod, glob, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const BUILT_FROM = 'built-from';
const COMPRESSED = /\.(?:js|css|html|svg|json)$/;

/** @param out folder of the built application; replaced as a whole, so that nobody ever sees half of one */
export async function buildUi(out: string, { ifStale = false } = {}): Promise<'built' | 'fresh'> {
  const state = await stateOfSources();
  if (ifStale && (await readFile(join(out, BUILT_FROM), 'utf8').catch(() => '')) === state) return 'fresh';
  const { build } = await import('vite');
  await mkdir(dirname(out), { recursive: true });
  const beside = await mkdtemp(`${out}-`);
  try {
    await build({
      configFile: join(root, 'src/ui/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: beside, emptyOutDir: true },
    });
    await compressAll(beside);
    await writeFile(join(beside, BUILT_FROM), state);
    // A temporary folder is its owner's alone.
    await chmod(beside, 0o755);
    await rm(out, { recursive: true, force: true });
    // Where another process was faster, its application is the same.
    await rename(beside, out).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return 'built';
}

async function stateOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const sources = await Array.fromAsync(glob('src/{ui,client}/**/*.*', { cwd: root }));
  for (const file of [...sources.sort(), 'package-lock.json', 'scripts/ui.ts']) {
    hash.update(`${file}\0`).update(await readFile(join(root, file)));
  }
  return hash.digest('hex');
}

async function compressAll(folder: string): Promise<void> {
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && COMPRESSED.test(entry.name));
  await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const file = join(parentPath, name);
      const content = await readFile(file);
      await writeFile(`${file}.br`, await promisify(brotliCompress)(content, best));
      await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }));
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out = join(root, 'dist', 'ui')] = process.argv.slice(2).filter((each) => !each.startsWith('--'));
  await buildUi(out, { ifStale: process.argv.includes('--if-stale') });
}
