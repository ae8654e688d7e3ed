/** Finds a Chromium for the tests of the web pages, or installs Debian's where that is possible. */
import { spawn } from 'node:child_process';
import { findProgram, isProgram, versionOf } from './program.ts';
import type { Resolution } from './resolve.ts';

const VARIABLE = 'TENANTRY_CHROMIUM';
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const HINT = `install Chromium (Debian: apt-get install chromium) or set ${VARIABLE} to its path`;

/** Throws with what to install when it cannot be had. */
export async function locateChromium(env: NodeJS.ProcessEnv = process.env): Promise<Resolution> {
  const given = env[VARIABLE] ?? '';
  if (given !== '') {
    if (!isProgram(given)) throw new Error(`${VARIABLE} is ${given}, which is not an executable file`);
    return found(given, VARIABLE);
  }
  const here = onPath(env);
  if (here !== undefined) return found(here, 'PATH');
  await install(env);
  const path = onPath(env);
  if (path === undefined) throw new Error(`chromium cannot be had: ${HINT}`);
  return found(path, 'installed now');
}

let resolved: Promise<string> | undefined;

/** Path of the program. */
export function resolveChromium(): Promise<string> {
  resolved ??= locateChromium().then(({ path }) => path);
  return resolved;
}

function onPath(env: NodeJS.ProcessEnv): string | undefined {
  return NAMES.map((name) => findProgram(name, env['PATH'] ?? '')).find((path) => path !== undefined);
}

async function found(path: string, from: string): Promise<Resolution> {
  const version = await versionOf(path, ['--version']);
  if (version === undefined) throw new Error(`${path} does not start: ${HINT}`);
  return { path, version, from };
}

/** As root on Debian and its kin; elsewhere it is for a person to do. */
async function install(env: NodeJS.ProcessEnv): Promise<void> {
  const apt = findProgram('apt-get', env['PATH'] ?? '');
  if (apt === undefined || process.getuid?.() !== 0) throw new Error(`chromium is not on PATH: ${HINT}`);
  process.stderr.write('installing chromium by apt-get; this takes a minute or two\n');
  const install = ['install', '--yes', '--no-install-recommends', 'chromium', 'fonts-liberation'];
  // The lists of packages may be missing or old.
  if ((await run(apt, install)) === 0) return;
  if ((await run(apt, ['update'])) !== 0 || (await run(apt, install)) !== 0) {
    throw new Error(`apt-get could not install chromium: ${HINT}`);
  }
}

function run(program: string, args: readonly string[]): Promise<number> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return new Promise((resolve) => {
    const child = spawn(program, ['--quiet', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env });
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}
