/** Runs the command line as a user does: in this process with a captured Io, or as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Io } from '../../src/cli/io.ts';
import { run } from '../../src/cli/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MAIN = join(ROOT, 'src', 'cli', 'main.ts');

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Standard input. */
  readonly input?: string;
  /** First Ctrl-C. */
  readonly stop?: AbortSignal;
  /** Told each text for stderr as it comes. */
  readonly onErr?: (text: string) => void;
  /** Told each text for stdout as it comes. */
  readonly onOut?: (text: string) => void;
}

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in this process. Nobody sits at a terminal. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const written = { stdout: '', stderr: '' };
  const io: Io = {
    ...silentIo(),
    env: options.env ?? {},
    cwd: options.cwd ?? ROOT,
    out: (text) => {
      written.stdout += text;
      options.onOut?.(text);
    },
    err: (text) => {
      written.stderr += text;
      options.onErr?.(text);
    },
    readInput: async () => options.input ?? '',
    ...(options.stop ? { stop: options.stop } : {}),
  };
  const code = await run(args, io);
  return { code, ...written };
}

/** Nobody sits at a terminal, and nobody reads. */
export function silentIo(): Io {
  const never = new AbortController().signal;
  return {
    env: {},
    cwd: ROOT,
    out: () => undefined,
    err: () => undefined,
    interactive: false,
    progress: false,
    columns: 80,
    style: (_style, text) => text,
    readInput: async () => '',
    stop: never,
    abort: never,
  };
}

/** Runs a command with `--output json`; stdout must be exactly one JSON document. */
export async function cliJson<T = Record<string, unknown>>(
  args: readonly string[],
  options: CliOptions = {},
): Promise<{ readonly code: number; readonly json: T; readonly stderr: string }> {
  const { code, stdout, stderr } = await cli([...args, '--output', 'json'], options);
  return { code, json: JSON.parse(stdout) as T, stderr };
}

/** The JSON document of a command that failed. */
export interface ErrorDocument {
  readonly ok: false;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly retryable: boolean;
    readonly problems?: readonly {
      readonly message: string;
      readonly file?: string;
      readonly line?: number;
      readonly path?: string;
    }[];
  };
  readonly errors?: readonly { readonly code: string; readonly message: string }[];
}

export interface CliProcess {
  readonly child: ChildProcess;
  /** Resolves when stdout and stderr together hold the text; fails when the process ends without it. */
  seen(text: string): Promise<void>;
  readonly ended: Promise<CliResult & { readonly signal: NodeJS.Signals | null }>;
}

/** Starts the program as a process of its own, where signals and real streams matter. */
export function startCli(
  args: readonly string[],
  options: CliOptions & { readonly stdio?: 'pipe' | number } = {},
): CliProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...options.env },
    stdio: ['pipe', options.stdio ?? 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      written[name] += chunk.toString();
      for (const look of waiting) look();
    });
  }
  // A program that has ended does not read; that is no failure of the test.
  child.stdin?.on('error', () => undefined);
  if (options.input !== undefined) child.stdin?.end(options.input);
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: (code as number | null) ?? -1,
    signal: signal as NodeJS.Signals | null,
    ...written,
  }));
  const seen = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!(written.stdout + written.stderr).includes(text)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      ended.then(
        () => reject(new Error(`ended without "${text}":\n${written.stdout}${written.stderr}`)),
        reject,
      );
    });
  return { child, seen, ended };
}
