/**
 * The program between a test and its engine: it starts the engine and ends it when the test is gone, however that
 * happened. Its standard input is a pipe from the test; the system closes the pipe even after a SIGKILL.
 */
import { spawn } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';

/** The order, as JSON in the first argument. */
export interface KeeperOrder {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Working folder of the engine. Removed at the end, unless the test wrote `keep` before it closed the pipe. */
  readonly folder: string;
  /** Takes what the engine prints; it is in the folder, or beside it. */
  readonly logFile: string;
}

const PATIENCE_MS = 5_000;

function keep(order: KeeperOrder): void {
  const [program, ...args] = order.command;
  const log = openSync(order.logFile, 'a', 0o600);
  const engine = spawn(program, args, { cwd: order.folder, env: order.env, stdio: ['ignore', log, log] });
  let removes = true;
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    engine.kill('SIGTERM');
    setTimeout(() => engine.kill('SIGKILL'), PATIENCE_MS).unref();
  };
  const finish = (code: number): void => {
    // Of an engine that ended by itself the test wants to read the log.
    if (stopping && removes) rmSync(order.folder, { recursive: true, force: true, maxRetries: 5 });
    process.exit(code);
  };
  process.stdin.on('data', (text) => {
    removes = !text.toString().includes('keep');
  });
  process.stdin.once('close', stop).resume();
  process.once('SIGTERM', stop);
  // A terminal's Ctrl-C is for the tests, which then close the pipe.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.stdout.on('error', () => undefined);
  engine.once('error', () => finish(1));
  engine.once('exit', (code) => finish(code ?? 1));
  process.stdout.write(`${engine.pid ?? 0}\n`);
}

if (import.meta.main) keep(JSON.parse(process.argv[2] ?? '{}') as KeeperOrder);
