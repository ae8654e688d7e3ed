/** Runs the program in a process of its own and measures it from outside and from within. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface MeasuredRun {
  readonly exitCode: number;
  /** From the start of the process to its end, start-up included, in milliseconds. */
  readonly wallMs: number;
  /** Highest resident memory, in MB (10^6 bytes). */
  readonly peakRssMb: number;
  /** Processor time, user and system, in milliseconds. */
  readonly cpuMs: number;
  /** From the first HTTP request to the last answer, in milliseconds: without start-up and reading the documents. */
  readonly callingMs: number;
  readonly stdout: string;
}

interface Usage {
  readonly peakRssBytes: number;
  readonly cpuMs: number;
  readonly callingMs: number;
}

const ROOT = join(import.meta.dirname, '..');
/** File descriptor on which usage-report.ts writes. */
const REPORT_FD = 3;

/** @param timeoutMs the run is killed after it, and its exit code is then not 0 */
export async function measuredRun(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<MeasuredRun> {
  const nodeArgs = ['--import', join(ROOT, 'bench', 'usage-report.ts'), join(ROOT, 'src', 'cli', 'main.ts')];
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeArgs, ...args], {
    cwd: ROOT,
    env: { ...env, CI: '1' },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const stdout = textOf(child.stdout);
  const report = textOf(child.stdio[REPORT_FD] as NodeJS.ReadableStream);
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? -1));
  });
  const wallMs = performance.now() - started;
  const text = await report;
  if (text === '') throw new Error(`tenantry ${args[0]} was ended after ${timeoutMs / 1000} s`);
  const { peakRssBytes, cpuMs, callingMs } = JSON.parse(text) as Usage;
  return { exitCode, wallMs, peakRssMb: peakRssBytes / 1e6, cpuMs, callingMs, stdout: await stdout };
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
