import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStack } from '../../../src/sidecar/stack/open.ts';
import { requireIntegration, scopesOf } from '../../../src/sidecar/stack/view.ts';
import { testContext } from '../../support/sidecar-context.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tenantry-open-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function configFile(tenants: unknown[]): Promise<NodeJS.ProcessEnv> {
  const file = join(dir, 'tenants.json');
  await writeFile(file, JSON.stringify({ tenants }));
  return { ENABLE_TENANT_CONFIG_FILE: 'true', TENANT_CONFIG_PATH: file };
}

describe('the documents of the sidecar', () => {
  it('come from a tenant config file alone when there is no stack', async () => {
    const env = await configFile([{ id: 'acme', integrations: [{ name: 'slack' }] }]);
    const view = (await openStack({ dir: undefined, env })).current();
    expect(view.tenant('acme')?.metadata.name).toBe('acme');
    expect(scopesOf(requireIntegration(view, 'acme', 'slack'))).toContain('channels:read');
    expect(() => requireIntegration(view, 'acme', 'notion')).toThrow(/no document connects acme to notion/);
  });

  it('are checked together when there is a stack as well', async () => {
    const env = await configFile([{ id: 'acme' }]);
    await writeFile(
      join(dir, 'platform.yaml'),
      'apiVersion: tenantry.dev/v1alpha1\nkind: Platform\nmetadata: {name: t}\nspec: {}\n',
    );
    expect((await openStack({ dir, env })).current().documents.tenants).toHaveLength(1);
    const clash = await configFile([{ id: 'a-b' }, { id: 'a-b' }]);
    await expect(openStack({ dir, env: clash })).rejects.toThrow(/mistake/);
  });

  it('name an integration that the catalog lacks', async () => {
    const env = await configFile([{ id: 'acme', integrations: [{ name: 'notoin' }] }]);
    await expect(openStack({ dir: undefined, env })).rejects.toMatchObject({
      problems: [expect.objectContaining({ message: expect.stringContaining('notion') })],
    });
  });

  it('are missing with a hint where neither is given', async () => {
    await expect(openStack({ dir: undefined, env: {} })).rejects.toMatchObject({
      code: 'StackNotFound',
      hint: expect.stringContaining('TENANT_CONFIG_PATH'),
    });
    const env = { ENABLE_TENANT_CONFIG_FILE: 'true', TENANT_CONFIG_PATH: join(dir, 'none.json') };
    await expect(openStack({ dir: undefined, env })).rejects.toMatchObject({ code: 'MissingSetting' });
  });

  it('are read again at SIGHUP, and kept as they were when the change is wrong', async () => {
    const env = await configFile([{ id: 'acme' }]);
    const stack = await openStack({ dir: undefined, env });
    const context = testContext();
    const end = new AbortController();
    const changed = vi.fn();
    stack.follow(context.log, end.signal, changed);
    try {
      await configFile([{ id: 'acme' }, { id: 'globex' }]);
      process.emit('SIGHUP');
      await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1));
      expect(stack.current().tenant('globex')).toBeDefined();
      await configFile([{ id: 'NOT VALID' }]);
      process.emit('SIGHUP');
      await vi.waitFor(() => expect(context.lines.join('')).toContain('changed documents are not used'));
      expect(stack.current().tenant('globex')).toBeDefined();
    } finally {
      end.abort();
    }
  });
});
