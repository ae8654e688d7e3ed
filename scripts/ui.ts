/**
 * Builds the web application and the embeddable component into dist/ui, where the sidecar finds them; `--if-stale` only where
 * something that they are made from has changed since. Each file also lies there compressed, so that serving costs nothing.
 */
import { spawnSync } from 'node:child_process';
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
  const old = `${beside}-old`;
  const { NODE_ENV } = process.env;
  // A test would get the libraries' code for tests, in which lists have no size and React checks everything twice.
  process.env.NODE_ENV = 'production';
  try {
    await build({
      configFile: join(root, 'src/ui/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: beside, emptyOutDir: true },
    });
    await buildEmbed(join(beside, 'embed'));
    await compressAll(beside);
    await writeFile(join(beside, BUILT_FROM), state);
    // A temporary folder is its owner's alone.
    await chmod(beside, 0o755);
    // Out of the way first: taking a folder apart would leave who is served from it without files for longer.
    await rename(out, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    // Where another process was faster, its application is the same.
    await rename(beside, out).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
    for (const left of [beside, old]) await rm(left, { recursive: true, force: true });
  }
  return 'built';
}

/** One module without imports, for `<script type="module">` and for bundlers alike, and its types. */
async function buildEmbed(out: string): Promise<void> {
  const { build } = await import('vite');
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: out,
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: {
        checks: { bundlerTimings: false },
        input: join(root, 'src/ui/embed/index.ts'),
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: 'connect.js', codeSplitting: false },
      },
    },
  });
  const args = ['--project', join(root, 'src/ui/embed'), '--outDir', join(out, 'types')];
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the types of the component could not be made');
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
