import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEnvironment } from '../../src/dev/environment.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-environment-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a data folder', () => {
  it('that holds other things is refused and left as it is', async () => {
    await writeFile(join(folder, 'of-somebody-else'), '');
    await expect(startEnvironment({ dataDir: folder, integrations: [] })).rejects.toMatchObject({
      code: 'InvalidUsage',
      hint: 'pass --data-dir with a new or empty folder',
    });
    expect(await readdir(folder)).toEqual(['of-somebody-else']);
  });
});
