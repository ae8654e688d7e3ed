/** Where `tenantry sidecar` takes its documents from: what is refused before anything is started. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cli } from '../support/cli.ts';
import { platformYaml } from '../support/world.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tenantry-documents-'));
  await writeFile(join(dir, 'platform.yaml'), platformYaml('prod'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const KUBERNETES = ['sidecar', '--documents', 'kubernetes', '--port', '0'];

test.each([
  [
    'a namespace for documents in files',
    ['sidecar', '--namespace', 'tenants'],
    {},
    'need --documents kubernetes',
  ],
  ['another place', ['sidecar', '--documents', 'git'], {}, 'files, kubernetes'],
  [
    'a tenant config file beside a cluster',
    KUBERNETES,
    { ENABLE_TENANT_CONFIG_FILE: 'true', TENANT_CONFIG_PATH: 'tenants.json' },
    'unset ENABLE_TENANT_CONFIG_FILE',
  ],
  ['no cluster', KUBERNETES, { HOME: '/nowhere', KUBECONFIG: '' }, 'kubeconfig'],
  ['a kubeconfig that is not there', [...KUBERNETES, '--kubeconfig', 'none.yaml'], {}, 'none.yaml'],
])('%s is refused with the next step', async (_what, args, env, words) => {
  const { code, stdout, stderr } = await cli([...args, '--stack', dir], { cwd: dir, env });
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain(words);
});
