/** Clears the lock file (postmaster.pid) that a killed Postgres left in its data folder. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TenantryError } from '../../errors.ts';

/** A server whose owner was killed is shutting down by itself; this is how long it may take. */
const PATIENCE_MS = 15_000;

/**
 * Waits for a dying server to end and removes the lock of a dead one. Postgres does the latter itself, except where
 * the process id has been given to another program since (usual in containers). Throws Locked while a server lives.
 */
export async function clearStaleLock(data: string, patienceMs: number = PATIENCE_MS): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const deadline = performance.now() + patienceMs;
  while (existsSync(file)) {
    const pid = Number(readLock(file).split('\n')[0]);
    if (!isPostgres(pid)) {
      rmSync(file, { force: true });
      return;
    }
    if (performance.now() > deadline) {
      throw new TenantryError('Locked', `another Postgres (process ${pid}) uses ${data}`, {
        hint: 'stop the other development environment, or use another data folder',
      });
    }
    await delay(50);
  }
}

function readLock(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function isPostgres(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return false;
  const command = commandLine(pid);
  return command === undefined || command.includes('postgres');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}

/** undefined when it cannot be told. */
function commandLine(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    if (process.platform === 'win32') return undefined;
    return execFileSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}
