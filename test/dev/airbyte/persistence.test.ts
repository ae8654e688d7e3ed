/** The state outlives the process where a folder is given. */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startDevAirbyte } from '../../../src/dev/airbyte/server.ts';
import { connection, pair, startSession } from './session.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'dev-airbyte-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

it('keeps everything over a restart, in a file that only its owner can read', async () => {
  const before = await startSession({ dataDir });
  const made = await connection(before, await pair(before));
  const { clientId, clientSecret } = before.airbyte;
  await before.airbyte.close();
  expect(await readdir(dataDir)).toEqual(['airbyte.json']);
  expect((await stat(join(dataDir, 'airbyte.json'))).mode & 0o777).toBe(0o600);

  await using after = await startSession({ dataDir });
  expect([after.airbyte.clientId, after.airbyte.clientSecret]).toEqual([clientId, clientSecret]);
  expect((await after.must('GET', `/connections/${made.connectionId}`)).body).toEqual(made);
  for (const path of ['workspaces', 'sources', 'destinations', 'connections']) {
    expect((await after.must('GET', `/${path}`)).body.data).toHaveLength(1);
  }
});

it('names the file that is damaged', async () => {
  await writeFile(join(dataDir, 'airbyte.json'), '{');
  await expect(startDevAirbyte({ dataDir })).rejects.toThrow(/airbyte\.json is damaged/);
});

it('keeps nothing without a folder, and says when the port is taken', async () => {
  await using first = await startSession();
  const port = Number(new URL(first.airbyte.url).port);
  await expect(startDevAirbyte({ port })).rejects.toThrow(`port ${port} is taken`);
});
