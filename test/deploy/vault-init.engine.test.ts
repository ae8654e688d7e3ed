import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveEngine } from '../engines/resolve.ts';
import { type DeployedVault, startDeployedVault } from './deployed-vault.ts';

const program = await resolveEngine('vault');
const isBao = basename(program) === 'bao';
if (isBao) console.warn('not run: deploy/vault/init.sh, which calls `vault`; the engine here is OpenBao');

interface Kept {
  readonly mode: string;
  readonly text: string;
  readonly changedAt: number;
}

/** Every file of the two volumes, by its name. */
async function filesOf(vault: DeployedVault): Promise<Readonly<Record<string, Kept>>> {
  const found: Record<string, Kept> = {};
  for (const folder of [vault.secrets, vault.sidecarSecrets]) {
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const { mode, mtimeMs } = await stat(file);
      const text = await readFile(file, 'utf8');
      found[`${basename(folder)}/${name}`] = {
        mode: (mode & 0o777).toString(8),
        text,
        changedAt: mtimeMs,
      };
    }
  }
  return found;
}

const KEY = 'secrets/vault-unseal-key';
const ROOT = 'secrets/vault-root-token';
const SIDECAR = 'sidecar-secrets/vault-sidecar-token';

async function textOf(vault: DeployedVault, file: string): Promise<string> {
  return (await filesOf(vault))[file]?.text.trim() ?? '';
}

async function accessors(vault: DeployedVault): Promise<unknown> {
  const { data } = await vault.read('auth/token/accessors?list=true', await textOf(vault, ROOT));
  return data['keys'];
}

describe.skipIf(isBao)('init.sh on the Vault of the compose file', () => {
  let vault: DeployedVault;
  beforeAll(async () => {
    vault = await startDeployedVault(program);
    await vault.init();
  });
  afterAll(() => vault?.close());

  it('initialises and unseals Vault, and keeps the key and the tokens with the rights that each needs', async () => {
    expect(await vault.health()).toBe(200);
    const files = await filesOf(vault);
    expect(Object.keys(files).toSorted()).toEqual([ROOT, KEY, SIDECAR]);
    expect([files[KEY]?.mode, files[ROOT]?.mode, files[SIDECAR]?.mode]).toEqual(['400', '444', '444']);
    expect((await vault.read('auth/token/lookup-self', await textOf(vault, ROOT))).data).toMatchObject({
      policies: ['root'],
    });
  });

  it('puts neither the unseal key nor the root token where the sidecar’s token is', async () => {
    expect(await readdir(vault.sidecarSecrets)).toEqual(['vault-sidecar-token']);
    expect(await textOf(vault, SIDECAR)).not.toBe(await textOf(vault, ROOT));
  });

  it('makes the sidecar a periodic orphan token of the policy gateway-service, which renews itself', async () => {
    const token = await textOf(vault, SIDECAR);
    const { data } = await vault.read('auth/token/lookup-self', token);
    expect(data).toMatchObject({
      orphan: true,
      period: 768 * 3600,
      renewable: true,
    });
    // Vault adds `default` by itself: a token may look at itself and renew itself by it.
    expect(data['policies']).toEqual(['default', 'gateway-service']);
    expect((await vault.read('auth/token/renew-self', token, 'POST')).status).toBe(200);
    expect((await vault.read('sys/policies/acl?list=true', token)).status).toBe(403);
  });

  it('changes nothing when it runs again', async () => {
    const before = [await filesOf(vault), await accessors(vault)];
    expect(await vault.init()).toContain('Vault is ready');
    expect([await filesOf(vault), await accessors(vault)]).toEqual(before);
  });

  it('unseals Vault after a restart, and the tokens are the same', async () => {
    const before = await filesOf(vault);
    await vault.restart();
    expect(await vault.health()).toBe(503);
    await vault.init();
    expect(await vault.health()).toBe(200);
    expect(await filesOf(vault)).toEqual(before);
    expect((await vault.read('auth/token/lookup-self', await textOf(vault, SIDECAR))).status).toBe(200);
  });

  it.each([
    ['lost', undefined],
    ['of another Vault', 'hvs.of-another-vault\n'],
  ])('makes a token anew whose file is %s', async (_what, text) => {
    const before = await filesOf(vault);
    const file = join(vault.sidecarSecrets, 'vault-sidecar-token');
    await rm(file);
    if (text !== undefined) await writeFile(file, text);
    await vault.init();
    const after = await filesOf(vault);
    expect(after[SIDECAR]?.text).not.toBe(before[SIDECAR]?.text);
    expect(after[SIDECAR]?.mode).toBe('444');
    expect([after[KEY], after[ROOT]]).toEqual([before[KEY], before[ROOT]]);
    const { data } = await vault.read('auth/token/lookup-self', await textOf(vault, SIDECAR));
    expect(data['policies']).toEqual(['default', 'gateway-service']);
  });
});

describe.skipIf(isBao)('init.sh that was cut off', () => {
  let vault: DeployedVault;
  beforeAll(async () => {
    vault = await startDeployedVault(program);
  });
  afterAll(() => vault?.close());

  it('goes on with what Vault told it, which Vault does not tell again', async () => {
    const told = await vault.vault('operator', 'init', '-key-shares=1', '-key-threshold=1');
    await writeFile(join(vault.secrets, 'vault-init'), told);
    await vault.init();
    expect(await vault.health()).toBe(200);
    expect(Object.keys(await filesOf(vault)).toSorted()).toEqual([ROOT, KEY, SIDECAR]);
  });
});
