import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engines } from './engines.ts';
import { withLock } from './lock.ts';
import { locateEngine } from './resolve.ts';

const { version } = engines.vault;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tenantry-engines-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function program(folder: string, name: string, script: string): string {
  mkdirSync(join(root, folder), { recursive: true });
  const file = join(root, folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A `go` that notes each build and makes a program which says `built`. */
const fakeGo = (built: string = version) =>
  program(
    'go',
    'go',
    `while [ "$1" != -o ]; do shift; done
echo build >> ${root}/builds
printf '#!/bin/sh\\n' > "$2"; /bin/sleep 0.3; printf 'echo Vault v${built}\\n' >> "$2"; /bin/chmod 755 "$2"`,
  );
const builds = (): number => {
  const file = join(root, 'builds');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
};
/** Only the folders of the test, and no Go unless it is there. */
const env = (...folders: string[]): NodeJS.ProcessEnv => ({
  PATH: folders.map((folder) => join(root, folder)).join(':'),
  XDG_CACHE_HOME: join(root, 'cache'),
  HOME: root,
});
const quiet = { progress: () => undefined };

test('the variable counts before all else, whatever version it names', async () => {
  const path = program('own', 'my-vault', 'echo Vault v9.9.9');
  program('bin', 'vault', `echo Vault v${version}`);
  const found = await locateEngine('vault', { env: { ...env('bin'), TENANTRY_VAULT: path } });
  expect(found).toEqual({ path, version: '9.9.9', from: 'TENANTRY_VAULT' });
});

test('a variable that names no program is an error, not a reason to look elsewhere', async () => {
  program('bin', 'vault', `echo Vault v${version}`);
  const located = locateEngine('vault', { env: { ...env('bin'), TENANTRY_VAULT: join(root, 'none') } });
  await expect(located).rejects.toThrow('not an executable file');
});

test('a program on PATH counts when its version matches', async () => {
  const path = program('bin', 'vault', 'echo Vault v1.21.7');
  expect(await locateEngine('vault', { env: env('bin') })).toEqual({ path, version: '1.21.7', from: 'PATH' });
});

test('OpenBao may stand for Vault', async () => {
  program('bin', 'vault', 'echo Vault v1.13.0');
  const path = program('bin', 'bao', 'echo OpenBao v2.4.1');
  expect((await locateEngine('vault', { env: env('bin') })).path).toBe(path);
});

test('the folder KUBEBUILDER_ASSETS counts for Kubernetes programs', async () => {
  const path = program('assets', 'kube-apiserver', 'echo Kubernetes v1.35.9');
  const found = await locateEngine('kube-apiserver', {
    env: { ...env('bin'), KUBEBUILDER_ASSETS: join(root, 'assets') },
  });
  expect(found).toEqual({ path, version: '1.35.9', from: 'KUBEBUILDER_ASSETS' });
});

test('a program of another version is passed over, and the engine is built once', async () => {
  program('bin', 'vault', 'echo Vault v1.13.0');
  fakeGo();
  const lines: string[] = [];
  const first = await locateEngine('vault', { env: env('bin', 'go'), progress: (line) => lines.push(line) });
  expect(first).toMatchObject({ version, from: 'built now' });
  expect(first.path.startsWith(join(root, 'cache', 'tenantry', 'engines'))).toBe(true);
  expect(lines.join('\n')).toContain('building from source');
  expect(await locateEngine('vault', { env: env('bin'), ...quiet })).toEqual({ ...first, from: 'cache' });
  expect(builds()).toBe(1);
});

test('those who want it at once get one build, each the whole program', async () => {
  fakeGo();
  const options = { env: env('go'), ...quiet };
  const script = `
    const { locateEngine } = await import(${JSON.stringify(join(import.meta.dirname, 'resolve.ts'))});
    console.log((await locateEngine('vault')).path);`;
  const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: options.env,
  });
  const here = await Promise.all([locateEngine('vault', options), locateEngine('vault', options)]);
  const paths = new Set([...here.map(({ path }) => path), (await child).stdout.trim()]);
  expect(paths.size).toBe(1);
  expect(builds()).toBe(1);
  expect(readFileSync([...paths][0] ?? '', 'utf8')).toContain(version);
});

test('a build that fails, or makes another version, leaves nothing in the cache', async () => {
  program('go', 'go', 'echo "cannot find module" >&2; exit 1');
  await expect(locateEngine('vault', { env: env('go'), ...quiet })).rejects.toThrow('cannot find module');
  fakeGo('1.0.0');
  await expect(locateEngine('vault', { env: env('go'), ...quiet })).rejects.toThrow(
    'says its version is 1.0.0',
  );
  const folder = join(root, 'cache', 'tenantry', 'engines');
  const [build = ''] = readdirSync(folder).filter((name) => !name.endsWith('.lock'));
  expect(readdirSync(join(folder, build))).toEqual([]);
});

test('what a killed build left behind is removed by the next', async () => {
  fakeGo();
  const { path } = await locateEngine('vault', { env: env('go'), ...quiet });
  rmSync(path);
  writeFileSync(`${path}.building-1`, 'half a program');
  await locateEngine('vault', { env: env('go'), ...quiet });
  expect(existsSync(`${path}.building-1`)).toBe(false);
});

test('without Go and without the program the error says what to install', async () => {
  const located = locateEngine('kube-apiserver', { env: env('bin'), ...quiet });
  await expect(located).rejects.toThrow(/install Go 1\.\d+ or newer \(https:\/\/go\.dev\/dl\)/);
  for (const hint of [
    'kube-apiserver 1.35.x on PATH',
    'KUBEBUILDER_ASSETS',
    'TENANTRY_KUBE_APISERVER',
    '--no-engines',
  ]) {
    await expect(locateEngine('kube-apiserver', { env: env('bin'), ...quiet })).rejects.toThrow(hint);
  }
});

test('a lock is free again when its holder was killed', async () => {
  const file = join(root, 'lock');
  const script = `
    const { withLock } = await import(${JSON.stringify(join(import.meta.dirname, 'lock.ts'))});
    await withLock(${JSON.stringify(file)}, () => {
      console.log('held');
      return new Promise((resolve) => setTimeout(resolve, 600_000));
    }, () => undefined);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  let waited = false;
  const next = withLock(
    file,
    async () => 'mine',
    () => {
      waited = true;
      holder.kill('SIGKILL');
    },
  );
  expect(await next).toBe('mine');
  expect(waited).toBe(true);
});
