/**
 * The test command: compiler, linter and all tests. Its last line counts the tests. `--no-engines` leaves out the tests
 * that need a real Vault, API server or Pulumi CLI; all other arguments go to vitest.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineTest, findEngineTests, prepareEngines } from './engine-tests.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Tests that failed once and passed then, with what was wrong at first. */
function* secondTries({ testResults }: Report): Generator<string> {
  for (const { fullName, status, failureMessages } of testResults.flatMap((file) => file.assertionResults)) {
    const [first] = failureMessages;
    if (status === 'passed' && first !== undefined) yield `${fullName}\n  ${first}`;
  }
}

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

const args = process.argv.slice(2).filter((argument) => argument !== '--no-engines');
const noEngines = args.length < process.argv.length - 2;
const checks: Record<string, number> = {
  typecheck: (await run('tsc', ['--noEmit'])) || (await run('tsc', ['--project', 'src/ui'])),
  lint: await run('biome', ['check', '.']),
};
// Once for all tests of the pages: who finds it fresh does not build it while others are served from it.
checks['ui'] = await run('node', ['scripts/ui.ts', '--if-stale']);
const engineTests = await findEngineTests(args);
let left: readonly EngineTest[] = engineTests;
if (!noEngines) {
  left = await prepareEngines(engineTests);
  checks['engines'] = left.length === 0 ? 0 : 1;
}

const folder = await mkdtemp(join(tmpdir(), 'tenantry-test-'));
const outputFile = join(folder, 'report.json');
const tests = await run('vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${outputFile}`,
  ...left.map(({ file }) => `--exclude=${file}`),
  // Leaving out all that was asked for is no failure of its own.
  ...(left.length > 0 ? ['--passWithNoTests'] : []),
  ...args,
]);
const report = await readFile(outputFile, 'utf8').then(
  (text) => JSON.parse(text) as Report,
  () => undefined,
);
await rm(folder, { recursive: true, force: true });

for (const { file, needs } of left) {
  console.log(`not run${noEngines ? ' (--no-engines)' : ''}: ${file}, which needs ${needs.join(' and ')}`);
}
for (const test of report ? secondTries(report) : []) console.log(`passed at its second try: ${test}`);
for (const [name, code] of Object.entries(checks)) if (code !== 0) console.error(`${name} failed`);
const broken = Object.values(checks).filter((code) => code !== 0).length;
// A run that broke outside a test (an error in a hook, a worker that died) is one failure more.
const outside = !report || (tests !== 0 && report.numFailedTests === 0) ? 1 : 0;
const failed = (report?.numFailedTests ?? 0) + broken + outside;
const skipped = report?.numPendingTests ? `, ${report.numPendingTests} skipped` : '';
console.log(`${report?.numPassedTests ?? 0} passed, ${failed} failed${skipped}`);
process.exitCode = failed === 0 ? 0 : 1;
