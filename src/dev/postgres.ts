/** Real Postgres 18 for development: started from an npm package, loopback only, gone when the process is gone. */
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { TenantryError } from '../errors.ts';
import { freePort } from './free-port.ts';
import { type PostgresBinaries, postgresBinaries } from './postgres/binaries.ts';
import { type Cluster, openCluster, SUPERUSER } from './postgres/cluster.ts';
import { folderFailure } from './postgres/failure.ts';
import { type RunAs, runAs } from './postgres/run-as.ts';
import { type Server, startServer } from './postgres/server.ts';
import { clearStaleLock } from './postgres/stale-lock.ts';

export interface DevPostgresOptions {
  /** TCP port; 0 takes a free one. Default 0. */
  readonly port?: number;
  /** Folder that keeps the data. Default: a temporary folder that is removed at close. */
  readonly dataDir?: string;
  /** Programs of another Postgres. Default: those of the npm package. */
  readonly binaries?: PostgresBinaries;
}

export interface DevPostgres {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** A superuser. */
  readonly user: string;
  /** Random per cluster; sent by SCRAM-SHA-256. */
  readonly password: string;
  /** postgres:// URL with the password in it: a secret. */
  readonly url: string;
  /** Stops the server; a second call waits for the first. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const DATABASE = 'postgres';

/** Free ports are taken by others now and then between looking and listening. */
const PORT_TRIES = 5;

/**
 * Starts a Postgres server. Throws NotWritable (folder, disk), InvalidUsage (port taken), Locked (another server uses
 * dataDir) or Internal (no program for this platform, a failed start).
 */
export async function startDevPostgres(options: DevPostgresOptions = {}): Promise<DevPostgres> {
  const binaries = options.binaries ?? (await postgresBinaries());
  const user = runAs();
  const folder = options.dataDir === undefined ? temporaryFolder(user) : resolve(options.dataDir);
  const remove = options.dataDir === undefined ? { remove: folder } : {};
  const discard = (): void => {
    if (options.dataDir === undefined) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const cluster = await openCluster(folder, binaries, user);
    await clearStaleLock(cluster.data);
    const start = (port: number): Promise<Server> =>
      startServer({ postgres: binaries.postgres, cluster, host: HOST, port, ...remove });
    const { port, server } = await startOnPort(options.port ?? 0, start);
    return await open(cluster, port, {
      pid: server.pid,
      async stop() {
        await server.stop();
        discard();
      },
    });
  } catch (error) {
    discard();
    throw error;
  }
}

async function startOnPort(
  wanted: number,
  start: (port: number) => Promise<Server>,
): Promise<{ port: number; server: Server }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted === 0 ? await freePort(HOST) : wanted;
    try {
      return { port, server: await start(port) };
    } catch (error) {
      const taken = error instanceof TenantryError && error.code === 'InvalidUsage';
      if (!taken || wanted !== 0 || attempt === PORT_TRIES) throw error;
    }
  }
}

async function open(cluster: Cluster, port: number, server: Server): Promise<DevPostgres> {
  const { password } = cluster;
  const url = `postgres://${SUPERUSER}:${encodeURIComponent(password)}@${HOST}:${port}/${DATABASE}`;
  try {
    const client = new pg.Client({
      host: HOST,
      port,
      user: SUPERUSER,
      password,
      database: DATABASE,
      ssl: false,
    });
    await client.connect();
    await client.end();
  } catch (cause) {
    await server.stop();
    throw new TenantryError(
      'Internal',
      'the development Postgres refuses the password kept beside its data',
      {
        cause,
        hint: `remove the folder above ${cluster.data} to begin with an empty database`,
      },
    );
  }
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= server.stop();
    return closing;
  };
  return { host: HOST, port, database: DATABASE, user: SUPERUSER, password, url, close };
}

function temporaryFolder(user: RunAs | undefined): string {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'tenantry-postgres-'));
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    return folder;
  } catch (error) {
    throw folderFailure(error, tmpdir());
  }
}
