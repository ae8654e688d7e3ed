import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVaultClient } from '../../src/clients/vault.ts';
import { resolveEngine } from '../engines/resolve.ts';
import { type KubeApi, startKubeApi } from '../support/engines/kube-api.ts';
import { type RealVault, startVault } from '../support/engines/vault.ts';
import { NAMESPACE, podTemplates, render } from './helm-chart.ts';

const program = await resolveEngine('vault');
const isBao = basename(program) === 'bao';
if (isBao)
  console.warn('not run: the Vault commands of the install guide, because the engine here is OpenBao');

describe.skipIf(isBao)('the Vault commands of the install guide', () => {
  let vault: RealVault;
  let kube: KubeApi;
  let folder = '';

  beforeAll(async () => {
    [vault, kube] = await Promise.all([startVault(), startKubeApi()]);
    folder = await mkdtemp(join(tmpdir(), 'tenantry-guide-'));
    const page = await readFile(join(import.meta.dirname, '../../docs/kubernetes/install.md'), 'utf8');
    const commands = /```sh\n(vault auth enable[\s\S]*?)```/.exec(page)?.[1] ?? '';
    await writeFile(join(folder, 'operator.hcl'), /```hcl\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
    await writeFile(join(folder, 'ca.crt'), kube.ca);
    await symlink(program, join(folder, 'vault'));
    // Vault is in no pod here, so it is told how to reach the API server and as whom.
    const here = `kubernetes_host=${kube.url} kubernetes_ca_cert=@ca.crt token_reviewer_jwt="$REVIEWER"`;
    expect(commands).toContain('kubernetes_host=https://kubernetes.default.svc');
    const script = commands.replace('kubernetes_host=https://kubernetes.default.svc', here);
    await promisify(execFile)('bash', ['-euc', script], {
      cwd: folder,
      env: {
        PATH: `${folder}:${process.env['PATH']}`,
        HOME: folder,
        VAULT_ADDR: vault.address,
        VAULT_TOKEN: vault.rootToken,
        REVIEWER: kube.adminToken,
      },
    });
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await kube.call('POST', '/api/v1/namespaces', { body });
  });
  afterAll(async () => {
    await Promise.all([vault?.close(), kube?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  /** A file with the token that the kubelet would mount. */
  async function tokenOf(account: string, audience: string): Promise<string> {
    const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
    await kube.call('POST', accounts, {
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account } },
    });
    const { body } = await kube.call('POST', `${accounts}/${account}/token`, {
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: [audience], expirationSeconds: 3600 },
      },
    });
    const file = join(folder, `${account}-${audience.replaceAll(/\W/g, '-')}`);
    await writeFile(file, (body['status'] as { token: string }).token);
    return file;
  }

  async function loggedIn(role: string, tokenFile: string): Promise<readonly string[]> {
    const client = createVaultClient({
      address: vault.address,
      auth: { method: 'kubernetes', mount: 'kubernetes', role, tokenFile },
      kvMount: 'secret',
      transitMount: 'transit',
      concurrency: 1,
    });
    try {
      const self = await client.read<{ policies: string[] }>('auth/token/lookup-self');
      return self?.policies ?? [];
    } finally {
      await client.close();
    }
  }

  it('let each program of the chart log in with its own account, and give it its own policy', async () => {
    const objects = await render(await resolveEngine('helm'), {
      cluster: 'prod',
      vaultToken: { audience: 'vault' },
    });
    const accounts = new Map(
      podTemplates(objects).map(({ spec }) => [spec.containers[0].name, spec.serviceAccountName]),
    );
    const operator = accounts.get('operator') ?? '';
    const sidecar = accounts.get('sidecar') ?? '';
    expect(accounts.get('migrate')).toBe(operator);
    expect(await loggedIn('tenantry-operator', await tokenOf(operator, 'vault'))).toContain(
      'tenantry-operator',
    );
    expect(await loggedIn('tenantry-sidecar', await tokenOf(sidecar, 'vault'))).toContain('gateway-service');
  });

  it('refuse another account, another’s role, and a token that is meant for the API server', async () => {
    const refused = { code: 'VaultUnauthorized' };
    const own = await tokenOf('tenantry-sidecar', 'vault');
    await expect(loggedIn('tenantry-operator', own)).rejects.toMatchObject(refused);
    const other = await tokenOf('default', 'vault');
    await expect(loggedIn('tenantry-sidecar', other)).rejects.toMatchObject(refused);
    const usual = await tokenOf('tenantry-sidecar', 'https://kubernetes.default.svc');
    await expect(loggedIn('tenantry-sidecar', usual)).rejects.toMatchObject(refused);
  });
});
