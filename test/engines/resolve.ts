/** Finds a real engine: named by a variable, on PATH, in the cache of earlier builds, or else built now. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { buildEngine, linkerFlags, type Progress } from './build.ts';
import { type Engine, type EngineName, engines } from './engines.ts';
import { findProgram, isProgram, versionOf } from './program.ts';

export interface Resolution {
  readonly path: string;
  readonly version: string;
  /** In words, for people: `PATH`, `cache`, the variable, or `built now`. */
  readonly from: string;
}

export interface ResolveOptions {
  /** Default process.env. */
  readonly env?: NodeJS.ProcessEnv;
  /** Told how a build goes. Default: lines on stderr. */
  readonly progress?: Progress;
}

const onStderr: Progress = (line) => void process.stderr.write(`${line}\n`);
const known = new Map<EngineName, Promise<string>>();

/** Path of the program. The first caller of this process may have to wait for a build of minutes. */
export function resolveEngine(name: EngineName): Promise<string> {
  const found = known.get(name) ?? locateEngine(name).then(({ path }) => path);
  known.set(name, found);
  return found;
}

/** As resolveEngine, with where the program comes from. Throws with what to install when it cannot be had. */
export async function locateEngine(name: EngineName, options: ResolveOptions = {}): Promise<Resolution> {
  const { env = process.env, progress = onStderr } = options;
  const engine = engines[name];
  const here = (await fromVariable(engine, env)) ?? (await fromPath(engine, env));
  if (here !== undefined) return here;
  const path = cachedPath(name, env);
  const from = isProgram(path) ? 'cache' : 'built now';
  if (from === 'built now') await buildEngine(name, { target: path, env, progress });
  return { path, version: engine.version, from };
}

async function fromVariable(engine: Engine, env: NodeJS.ProcessEnv): Promise<Resolution | undefined> {
  const path = env[engine.variable] ?? '';
  if (path === '') return undefined;
  if (!isProgram(path)) throw new Error(`${engine.variable} is ${path}, which is not an executable file`);
  const version = (await versionOf(path, engine.programs[0].versionArgs)) ?? 'unknown';
  return { path, version, from: engine.variable };
}

async function fromPath(engine: Engine, env: NodeJS.ProcessEnv): Promise<Resolution | undefined> {
  const places = [{ name: 'PATH', path: env['PATH'] ?? '' }];
  if (engine.isAsset) places.push({ name: 'KUBEBUILDER_ASSETS', path: env['KUBEBUILDER_ASSETS'] ?? '' });
  for (const program of engine.programs) {
    for (const place of places) {
      const path = findProgram(program.name, place.path);
      const version = path && (await versionOf(path, program.versionArgs));
      if (path && version?.startsWith(program.series)) return { path, version, from: place.name };
    }
  }
  return undefined;
}

/** Folder of the builds. XDG Base Directory Specification: a relative XDG_CACHE_HOME does not count. */
function cacheFolder(env: NodeJS.ProcessEnv): string {
  const given = env['XDG_CACHE_HOME'] ?? '';
  const base = isAbsolute(given) ? given : join(env['HOME'] || homedir(), '.cache');
  return join(base, 'tenantry', 'engines');
}

/** Other pins or other flags are another program, in another folder. */
function cachedPath(name: EngineName, env: NodeJS.ProcessEnv): string {
  const engine = engines[name];
  const hash = createHash('sha256').update(`${engine.package}\n${linkerFlags(engine)}\n`);
  // A program of our own is its source too.
  const files = engine.package === '.' ? ['go.mod', 'go.sum', 'main.go'] : ['go.mod', 'go.sum'];
  for (const file of files) hash.update(readFileSync(join(import.meta.dirname, engine.module, file)));
  const build = `${name}-${engine.version}-${process.platform}-${process.arch}`;
  return join(cacheFolder(env), `${build}-${hash.digest('hex').slice(0, 12)}`, name);
}
