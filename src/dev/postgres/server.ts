/** Runs one Postgres server under its keeper, from "ready" to "gone". */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Cluster, ids } from './cluster.ts';
import { programEnvironment } from './environment.ts';
import { postgresFailure } from './failure.ts';
import type { KeeperOrder } from './keeper.ts';

type Keeper = ChildProcessByStdio<Writable, Readable, Readable>;

export interface ServerOptions {
  readonly postgres: string;
  readonly cluster: Cluster;
  readonly host: string;
  readonly port: number;
  /** Set for a throw-away cluster: not synced to disk, and the folder is removed at the end. */
  readonly remove?: string;
}

export interface Server {
  readonly pid: number;
  stop(): Promise<void>;
}

const LOG_CHARACTERS = 8_000;

/** Starts the server and waits until it accepts connections. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const keeper = spawnKeeper(options);
  const exited = once(keeper, 'exit');
  exited.catch(() => undefined);
  const pid = await ready(keeper, options);
  const onKeeperGone = (): void => kill(pid, 'SIGINT');
  keeper.once('exit', onKeeperGone);
  // A forgotten close() must not hold the process; the keeper then sees the pipe close.
  setRef(keeper, 'unref');
  return {
    pid,
    async stop() {
      setRef(keeper, 'ref');
      keeper.removeListener('exit', onKeeperGone);
      keeper.stdin.end();
      await exited;
    },
  };
}

function spawnKeeper(options: ServerOptions): Keeper {
  const { cluster, postgres, remove } = options;
  const order: KeeperOrder = {
    command: [...cluster.spawnAs.prefix, postgres, '-D', cluster.data, ...settings(options)],
    ...ids(cluster.spawnAs),
    ...(remove === undefined ? {} : { remove }),
  };
  const program = fileURLToPath(new URL(`./keeper${extname(import.meta.url)}`, import.meta.url));
  const keeper = spawn(process.execPath, [program, JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Its own process group: Ctrl-C and `kill -9 -group` reach Tenantry alone.
    detached: true,
    windowsHide: true,
    env: programEnvironment(),
    cwd: cluster.data,
  });
  keeper.stdin.on('error', () => undefined);
  return keeper;
}

function settings({ host, port, remove }: ServerOptions): string[] {
  const values: Record<string, string> = {
    listen_addresses: host,
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '32MB',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_statement: 'none',
    log_min_error_statement: 'panic',
    ...(remove === undefined
      ? {}
      : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum_naptime: '1h' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Resolves with the process id of Postgres. */
async function ready(keeper: Keeper, { cluster }: ServerOptions): Promise<number> {
  let log = '';
  let pid = 0;
  keeper.stdout.setEncoding('utf8').on('data', (text: string) => {
    pid = Number(text.trim());
  });
  const accepted = new Promise<void>((resolve) => {
    keeper.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-LOG_CHARACTERS);
      if (log.includes('ready to accept connections')) resolve();
    });
  });
  const closed = once(keeper, 'close').then(() => {
    throw postgresFailure('start', log, cluster.data);
  });
  closed.catch(() => undefined);
  await Promise.race([accepted, closed]);
  return pid;
}

function setRef(keeper: Keeper, to: 'ref' | 'unref'): void {
  keeper[to]();
  for (const stream of [keeper.stdin, keeper.stdout, keeper.stderr]) {
    (stream as unknown as { ref(): void; unref(): void })[to]();
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}
