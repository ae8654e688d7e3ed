import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startKeptPostgres } from '../../src/dev/kept-postgres.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-kept-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const portFile = (): string => join(folder, 'postgres-port');

/** Starts it and ends it again. */
async function portOfStart(): Promise<number> {
  const postgres = await startKeptPostgres(folder);
  await postgres.close();
  return postgres.port;
}

it('takes the port of last time', async () => {
  const first = await portOfStart();
  expect(await readFile(portFile(), 'utf8')).toBe(String(first));
  expect(await portOfStart()).toBe(first);
});

it('takes another port while somebody listens on that one, and remembers the new one', async () => {
  const other = createServer();
  const taken = await new Promise<number>((done) => {
    other.listen(0, '127.0.0.1', () => done((other.address() as { port: number }).port));
  });
  await writeFile(portFile(), String(taken));
  const port = await portOfStart();
  other.close();
  expect(port).not.toBe(taken);
  expect(await readFile(portFile(), 'utf8')).toBe(String(port));
});

it.each(['', 'x', '-1', '70000', '5432.5'])('takes a free port where the file says "%s"', async (text) => {
  await writeFile(portFile(), text);
  expect(await portOfStart()).toBeGreaterThan(0);
});
