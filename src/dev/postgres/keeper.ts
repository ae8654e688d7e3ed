/**
 * The program between Tenantry and its Postgres: it starts Postgres and ends it when Tenantry is gone, however that
 * happened. Its standard input is a pipe from Tenantry; the system closes the pipe even after a SIGKILL.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

/** The order, as JSON in the first argument. */
export interface KeeperOrder {
  readonly command: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  /** A folder to remove when Postgres was stopped. */
  readonly remove?: string;
}

/** Time for a fast shutdown before Postgres is told to stop at once. */
const PATIENCE_MS = 10_000;

function keep(order: KeeperOrder): void {
  const [program = '', ...args] = order.command;
  const { uid, gid } = order;
  const postgres = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    postgres.kill('SIGINT');
    setTimeout(() => postgres.kill('SIGQUIT'), PATIENCE_MS).unref();
    setTimeout(() => postgres.kill('SIGKILL'), 2 * PATIENCE_MS).unref();
  };
  const finish = (code: number): void => {
    // After a failed start the folder serves the next try, on another port.
    if (stopping && order.remove !== undefined)
      rmSync(order.remove, { recursive: true, force: true, maxRetries: 5 });
    process.exit(stopping ? 0 : code);
  };
  postgres.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    finish(1);
  });
  postgres.once('exit', (code) => finish(code ?? 1));
  process.stdin.once('close', stop).resume();
  process.once('SIGTERM', stop);
  // A terminal's Ctrl-C is for Tenantry, which closes its connections first.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // Nobody reads our answers any more once Tenantry is gone.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.stdout.write(`${postgres.pid ?? 0}\n`);
}

if (import.meta.main) keep(JSON.parse(process.argv[2] ?? '{}') as KeeperOrder);
