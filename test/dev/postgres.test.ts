import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { clearStaleLock } from '../../src/dev/postgres/stale-lock.ts';
import { type DevPostgres, startDevPostgres } from '../../src/dev/postgres.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tenantry-test-'));
  folders.push(made);
  return join(made, 'postgres');
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie waits for its parent to look; it runs no more.
    if (process.platform !== 'linux') return true;
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const postmaster = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, 'pgdata', 'postmaster.pid'), 'utf8').split('\n')[0]);

interface Owner {
  readonly child: ChildProcess;
  readonly url: string;
  readonly pid: number;
  readonly data: string;
}

/** A process of its own that owns a server, to be killed. */
async function ownerProcess(dataDir?: string): Promise<Owner> {
  const program = fileURLToPath(new URL('./postgres/owner.ts', import.meta.url));
  const child = spawn(process.execPath, [program, ...(dataDir === undefined ? [] : [dataDir])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return { child, ...(JSON.parse(line) as { url: string; pid: number; data: string }) };
}

describe('the development Postgres', () => {
  it('is Postgres 18, on loopback over TCP only, with SCRAM and room for 100 connections', async () => {
    const postgres = await startDevPostgres();
    try {
      const [row] = await query(
        postgres.url,
        `select current_setting('server_version_num')::int / 10000 as version, current_setting('listen_addresses') as listen,
         current_setting('unix_socket_directories') as sockets, current_setting('max_connections')::int as connections,
         (select count(*)::int from pg_hba_file_rules where auth_method <> 'scram-sha-256') as weak`,
      );
      expect(row).toMatchObject({ version: 18, listen: '127.0.0.1', sockets: '', weak: 0 });
      expect(row?.connections).toBeGreaterThanOrEqual(100);
    } finally {
      await postgres.close();
    }
  });

  it('refuses a wrong password', async () => {
    const postgres = await startDevPostgres();
    try {
      const wrong = postgres.url.replace(encodeURIComponent(postgres.password), 'wrong');
      await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    } finally {
      await postgres.close();
    }
  });

  it('keeps the data and the password of a kept folder over a restart', async () => {
    const dataDir = folder();
    const first = await startDevPostgres({ dataDir });
    await query(first.url, 'create table kept as select 42 as n');
    await Promise.all([first.close(), first.close()]);
    const second = await startDevPostgres({ dataDir });
    try {
      expect(second.password).toBe(first.password);
      expect(await query(second.url, 'select n from kept')).toEqual([{ n: 42 }]);
    } finally {
      await second.close();
    }
  });

  it('removes its temporary folder at close', async () => {
    const postgres = await startDevPostgres();
    const [row] = await query(postgres.url, `select current_setting('data_directory') as data`);
    await postgres.close();
    expect(existsSync(String(row?.data))).toBe(false);
  });

  it('ends, and cleans up, when the process that started it is killed', async () => {
    const owner = await ownerProcess();
    expect(isAlive(owner.pid)).toBe(true);
    owner.child.kill('SIGKILL');
    await vi.waitUntil(() => !isAlive(owner.pid) && !existsSync(owner.data), {
      timeout: 20_000,
      interval: 25,
    });
    await expect(query(owner.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('starts again at once on a kept folder whose owner was killed', async () => {
    const dataDir = folder();
    const owner = await ownerProcess(dataDir);
    await query(owner.url, 'create table kept as select 7 as n');
    owner.child.kill('SIGKILL');
    await once(owner.child, 'exit');
    const postgres = await startDevPostgres({ dataDir });
    try {
      expect(await query(postgres.url, 'select n from kept')).toEqual([{ n: 7 }]);
    } finally {
      await postgres.close();
    }
  });

  it('recovers a kept folder after Postgres itself was killed', async () => {
    const dataDir = folder();
    const first = await startDevPostgres({ dataDir });
    await query(first.url, 'create table kept as select 9 as n');
    const pid = postmaster(dataDir);
    process.kill(pid, 'SIGKILL');
    await first.close();
    expect(existsSync(join(dataDir, 'pgdata', 'postmaster.pid'))).toBe(true);
    const second = await startDevPostgres({ dataDir });
    try {
      expect(await query(second.url, 'select n from kept')).toEqual([{ n: 9 }]);
    } finally {
      await second.close();
    }
  });

  it('starts although the lock names a process id that another program has now', async () => {
    const dataDir = folder();
    await (await startDevPostgres({ dataDir })).close();
    const lock = join(dataDir, 'pgdata', 'postmaster.pid');
    writeFileSync(lock, `${process.pid}\n${join(dataDir, 'pgdata')}\n1700000000\n1\n\n127.0.0.1\n`);
    const again = await startDevPostgres({ dataDir });
    await again.close();
    expect(existsSync(lock)).toBe(false);
  });

  it.runIf(process.platform === 'linux')('ends when its keeper is killed', async () => {
    const dataDir = folder();
    const postgres = await startDevPostgres({ dataDir });
    const pid = postmaster(dataDir);
    const keeper = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    process.kill(keeper, 'SIGKILL');
    await vi.waitUntil(() => !isAlive(pid), { timeout: 20_000, interval: 25 });
    await postgres.close();
  });

  describe('says what to do when', () => {
    it('another server uses the folder', async () => {
      const dataDir = folder();
      const postgres = await startDevPostgres({ dataDir });
      try {
        await expect(clearStaleLock(join(dataDir, 'pgdata'), 0)).rejects.toMatchObject({ code: 'Locked' });
      } finally {
        await postgres.close();
      }
    });

    it('the folder is a file', async () => {
      const dataDir = folder();
      writeFileSync(dataDir, '');
      await expect(startDevPostgres({ dataDir })).rejects.toMatchObject({ code: 'NotWritable' });
    });

    it('the port is taken', async () => {
      const other = createServer();
      await once(other.listen(0, '127.0.0.1'), 'listening');
      const address = other.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      let started: DevPostgres | undefined;
      try {
        const start = startDevPostgres({ port }).then((postgres) => {
          started = postgres;
        });
        await expect(start).rejects.toMatchObject({
          code: 'InvalidUsage',
          hint: expect.stringContaining('port'),
        });
      } finally {
        await started?.close();
        other.close();
      }
    });

    it('the kept password is lost', async () => {
      const dataDir = folder();
      await (await startDevPostgres({ dataDir })).close();
      rmSync(join(dataDir, 'password'));
      await expect(startDevPostgres({ dataDir })).rejects.toMatchObject({
        code: 'Internal',
        hint: expect.stringContaining('restore'),
      });
    });
  });
});
