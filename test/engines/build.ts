/** Builds an engine from its pinned Go module, with progress. */
import { spawn } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Engine, type EngineName, engines } from './engines.ts';
import { withLock } from './lock.ts';
import { findProgram, isProgram, versionOf } from './program.ts';

/** One line of news for whoever waits. */
export type Progress = (line: string) => void;

export interface BuildOptions {
  /** Where the program shall be. */
  readonly target: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
}

const REPORT_MS = 15_000;
const LAST_LINES = 20;

/** The linker's flags: small, the same on every machine, and with the version in it. */
export function linkerFlags(engine: Engine): string {
  return ['-s', '-w', ...engine.stamps.map((stamp) => `-X ${stamp}`)].join(' ');
}

/** Builds the program unless it is there when the lock is free. */
export async function buildEngine(name: EngineName, options: BuildOptions): Promise<void> {
  const { target, env, progress } = options;
  const go = findProgram('go', env['PATH'] ?? '');
  if (go === undefined) throw new Error(whatToInstall(name));
  await mkdir(dirname(target), { recursive: true });
  const work = async (): Promise<void> => {
    if (!isProgram(target)) await buildAlone(name, go, options);
  };
  await withLock(`${dirname(target)}.lock`, work, () =>
    progress(`${name}: another process builds it, waiting`),
  );
}

function whatToInstall(name: EngineName): string {
  const { version, programs, variable, isAsset } = engines[name];
  const names = programs.map((program) => `${program.name} ${program.series}x`).join(' or ');
  return [
    `${name} ${version} is not here, and neither is Go, which could build it. Do one of these:`,
    `  - install Go 1.25 or newer (https://go.dev/dl) and put go on PATH; the build runs by itself then`,
    `  - put ${names} on PATH${isAsset ? ', or set KUBEBUILDER_ASSETS to the folder that has it' : ''}`,
    `  - set ${variable} to the path of a program that you trust to behave the same`,
    `  - run the other tests alone: npm test -- --no-engines`,
  ].join('\n');
}

/** Holds the lock. What others find at `target` is either nothing or the whole program. */
async function buildAlone(name: EngineName, go: string, options: BuildOptions): Promise<void> {
  const { target } = options;
  const folder = dirname(target);
  const unfinished = (await readdir(folder)).filter((file) =>
    file.startsWith(`${basename(target)}.building-`),
  );
  for (const file of unfinished) await rm(join(folder, file), { force: true });
  const temporary = `${target}.building-${process.pid}`;
  try {
    await goBuild(name, go, { ...options, target: temporary });
    const [program] = engines[name].programs;
    const built = await versionOf(temporary, program.versionArgs);
    if (built !== engines[name].version) {
      throw new Error(`${name}: what was built says its version is ${built ?? 'unknown'}`);
    }
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

function goBuild(name: EngineName, go: string, { target, env, progress }: BuildOptions): Promise<void> {
  const engine = engines[name];
  const started = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', linkerFlags(engine)];
  progress(`${name} ${engine.version}: building from source, once; a first build takes ${engine.buildTime}`);
  const child = spawn(go, ['build', '-v', ...flags, '-o', target, engine.package], {
    cwd: join(import.meta.dirname, engine.module),
    env: { ...env, CGO_ENABLED: '0', GOWORK: 'off', GOOS: '', GOARCH: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const last: string[] = [];
  let packages = 0;
  let downloads = 0;
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('go: downloading')) downloads += 1;
    else packages += 1;
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
  });
  const report = (): void =>
    progress(`${name}: ${downloads} modules downloaded, ${packages} packages compiled, ${seconds()}`);
  const timer = setInterval(report, REPORT_MS);
  // An interrupted run must not leave a compiler at work.
  const stop = (): void => void child.kill('SIGTERM');
  process.once('exit', stop);
  return new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(timer);
      process.off('exit', stop);
      if (code !== 0) reject(new Error(`${name}: go build failed\n${last.join('\n')}`));
      else {
        progress(`${name}: built in ${seconds()}`);
        resolve();
      }
    });
  });
}
