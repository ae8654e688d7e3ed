/** A lock between processes that the system itself releases when its holder dies. */
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 250;
/** SQLITE_BUSY, https://sqlite.org/rescode.html#busy */
const BUSY = 5;

/**
 * Runs the work while no other process, and nobody else in this one, holds the lock of this file. SQLite takes the
 * lock: it is one of the kernel's, so that a killed process leaves none behind, and nobody has to guess whether a
 * lock is stale. The file stays. `waiting` is called once when the lock is not free.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, waiting: () => void): Promise<T> {
  // Loaded only when it is needed: Node 24 still prints a warning for it.
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    let isFirst = true;
    while (!acquire(database)) {
      if (isFirst) waiting();
      isFirst = false;
      await delay(RETRY_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}

function acquire(database: { exec(sql: string): void }): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === BUSY) return false;
    throw error;
  }
}
