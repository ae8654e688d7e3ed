import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type RealVault, startVault } from './vault.ts';

async function status(vault: RealVault, path: string, init: RequestInit = {}): Promise<number> {
  const headers = { 'X-Vault-Token': vault.rootToken };
  return (await fetch(`${vault.address}/v1/${path}`, { headers, ...init })).status;
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

describe.each(['file', 'raft'] as const)('with %s storage', (storage) => {
  test('what was written is there after a restart and after sealing', async () => {
    const vault = await startVault({ storage });
    try {
      const body = JSON.stringify({ data: { k: 1 } });
      expect(await status(vault, 'secret/data/a', { method: 'POST', body })).toBe(200);
      await vault.restart();
      expect(await status(vault, 'secret/data/a')).toBe(200);
      await vault.seal();
      expect(await status(vault, 'secret/data/a')).toBe(503);
      await vault.unseal();
      expect(await status(vault, 'secret/data/a')).toBe(200);
    } finally {
      await vault.close();
    }
    await expect(status(vault, 'sys/health')).rejects.toThrow();
  });
});

test('two at once have nothing in common', async () => {
  const [one, two] = await Promise.all([startVault(), startVault()]);
  const body = JSON.stringify({ data: { k: 1 } });
  expect(await status(one, 'secret/data/a', { method: 'POST', body })).toBe(200);
  expect(await status(two, 'secret/data/a')).toBe(404);
  await Promise.all([one.close(), two.close()]);
});

test.skipIf(process.platform !== 'linux')(
  'a killed test leaves neither process nor folder behind',
  async () => {
    const fixture = join(import.meta.dirname, 'vault.ts');
    const script = `
    const { startVault } = await import(${JSON.stringify(fixture)});
    const vault = await startVault();
    const { readdirSync, readFileSync } = await import('node:fs');
    const read = (pid, name) => { try { return readFileSync('/proc/' + pid + '/' + name, 'utf8'); } catch { return ''; } };
    const pids = readdirSync('/proc').filter((name) => /^\\d+$/.test(name));
    const parent = (pid) => Number(/\\) \\S+ (\\d+)/.exec(read(pid, 'stat'))?.[1]);
    const keeper = pids.find((pid) => parent(pid) === process.pid);
    const server = pids.find((pid) => parent(pid) === Number(keeper));
    const folder = /HOME=([^\\0]*)/.exec(read(server, 'environ'))?.[1];
    console.log(JSON.stringify({ keeper: Number(keeper), server: Number(server), folder }));
    setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) =>
      child.stdout.once('data', (text: Buffer) => resolve(text.toString())),
    );
    const { keeper, server, folder } = JSON.parse(line) as { keeper: number; server: number; folder: string };
    expect(isAlive(keeper) && isAlive(server) && existsSync(folder)).toBe(true);
    child.kill('SIGKILL');
    await expect
      .poll(() => [isAlive(server), isAlive(keeper), existsSync(folder)], { timeout: 15_000 })
      .toEqual([false, false, false]);
  },
);
