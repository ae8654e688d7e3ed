/** The tests that need real engines: which of them a run selects, and getting their engines before it starts. */
import { execFile } from 'node:child_process';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { locateChromium } from '../test/engines/chromium.ts';
import { type EngineName, engineNames } from '../test/engines/engines.ts';
import { locateEngine, type Resolution } from '../test/engines/resolve.ts';

/** The browser is no program that we build. */
export type Needed = EngineName | 'chromium';

export interface EngineTest {
  /** Path relative to the project. */
  readonly file: string;
  readonly needs: readonly Needed[];
}

/** Each fixture under test/support/engines and the engines that it starts. */
const fixtures: Readonly<Record<string, readonly Needed[]>> = {
  chromium: ['chromium'],
  vault: ['vault'],
  'kube-api': ['etcd', 'kube-apiserver'],
};

/** The `*.engine.test.ts` files that vitest would run with these arguments. */
export async function findEngineTests(args: readonly string[]): Promise<readonly EngineTest[]> {
  const listed = await promisify(execFile)('vitest', ['list', '--filesOnly', ...args]).then(
    // Each line begins with the name of a project of vitest's.
    ({ stdout }) => stdout.split('\n').map((line) => line.trim().replace(/^\[[^\]]*\] /, '')),
    // An argument that `list` does not know: better too many than a test that waits for a build.
    () => Array.fromAsync(glob('test/**/*.engine.test.ts')),
  );
  const files = listed.filter((line) => line.endsWith('.engine.test.ts'));
  return Promise.all(files.map(async (file) => ({ file, needs: await enginesOf(file) })));
}

/** By the fixtures that the file or what it imports imports, and the engines that these resolve by name. */
async function enginesOf(file: string): Promise<readonly Needed[]> {
  const found = new Set<Needed>();
  const seen = new Set<string>();
  const look = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const fixture = /(?:^|\/)test\/support\/engines\/([^/]+)\.ts$/.exec(path)?.[1];
    for (const name of fixtures[fixture ?? ''] ?? []) found.add(name);
    // A test may hold the text of another module, with imports of its own.
    const text = await readFile(path, 'utf8').catch(() => '');
    for (const name of engineNames) if (text.includes(`resolveEngine('${name}')`)) found.add(name);
    // The program itself starts none.
    const imported = importsOf(path, text).filter((each) => /^(?:test|bench)\//.test(each));
    await Promise.all(imported.map(look));
  };
  await look(file);
  return [...found];
}

/** Paths of the modules that a module loads; what is imported for its types only is not. */
function importsOf(path: string, text: string): string[] {
  const imports = text.matchAll(/^import (?!type )[^;]*?from '(\.{1,2}\/[^']+\.ts)'/gm);
  return [...imports].map(([, target]) => join(dirname(path), target ?? ''));
}

/** As locateEngine, for the browser too. */
export function locate(name: Needed): Promise<Resolution> {
  return name === 'chromium' ? locateChromium() : locateEngine(name);
}

/** Finds or builds the engines; returns the tests whose engine cannot be had, after saying why. */
export async function prepareEngines(tests: readonly EngineTest[]): Promise<readonly EngineTest[]> {
  const missing = new Set<Needed>();
  for (const name of new Set(tests.flatMap(({ needs }) => needs))) {
    try {
      const { version, from } = await locate(name);
      console.error(`${name} ${version} (${from})`);
    } catch (error) {
      console.error((error as Error).message);
      missing.add(name);
    }
  }
  return tests.filter(({ needs }) => needs.some((name) => missing.has(name)));
}
