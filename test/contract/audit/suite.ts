/** Audit devices by the Platform document: the same on both Vaults. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  applyOnce,
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  platformYaml,
  type Systems,
  tenantYaml,
  withWorld,
} from '../../support/world.ts';

export function describeAudit(name: string, start: () => Promise<Systems>): void {
  let systems: Systems;
  let folder: string;

  beforeAll(async () => {
    systems = await start();
    folder = await mkdtemp(join(tmpdir(), 'tenantry-audit-'));
  });

  afterAll(async () => {
    await systems.close();
    await rm(folder, { recursive: true, force: true });
  });

  const stack = (filePath: string): string =>
    platformYaml('dev', { vault: { audit: [{ type: 'file', filePath }] } }) +
    tenantYaml('acme') +
    integrationYaml('acme', 'notion', { sync: { streams: [{ name: 'pages' }], initialSync: false } });

  describe(`an audit device of the Platform document, on ${name}`, () => {
    it('is made once, records what was done, and holds no secret in clear', async () => {
      const file = join(folder, 'audit.log');
      const applied = await mustApply(systems, stack(file));
      expect(applied.ids('created')).toContain('vault:audit/file');
      expect((await planOnce(systems, stack(file))).changes).toEqual([]);
      await withWorld(systems, await documentsOf(stack(file)), {}, (world) =>
        connectTenant(world, { tenant: 'acme', integration: 'notion' }, { access_token: 'canary-of-acme' }),
      );
      await mustApply(systems, stack(file));
      const log = await readFile(file, 'utf8');
      expect(log).toContain('secret/data/acme/notion');
      for (const secret of [
        'canary-of-acme',
        Buffer.from('canary-of-acme').toString('base64'),
        systems.vault.rootToken,
      ]) {
        expect(log).not.toContain(secret);
      }
    });

    it('that is there with another file is left alone, and the plan says what to do', async () => {
      const run = await applyOnce(systems, stack(join(folder, 'other.log')));
      const device = run.steps.find((step) => step.id === 'vault:audit/file');
      expect(device).toMatchObject({ action: 'refuse', problem: { code: 'NotOwned' } });
      expect(device?.problem?.hint).toContain('vault audit disable file');
      // What has nothing to do with it goes on.
      expect(run.ids('blocked')).toEqual([]);
    });
  });
}
