/** Builds the published package: JavaScript and type declarations in dist/, or in the folder that is named. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildUi } from './ui.ts';

const out = process.argv[2] ?? 'dist';
rmSync(out, { recursive: true, force: true });
const { status } = spawnSync('tsc', ['--project', 'tsconfig.build.json', '--outDir', out], {
  stdio: 'inherit',
});
// The compiler leaves out what is no TypeScript.
const migrations = join('sidecar', 'database', 'migrations');
cpSync(join('src', migrations), join(out, migrations), { recursive: true });
await buildUi(join(out, 'ui'));
process.exitCode = status ?? 1;
