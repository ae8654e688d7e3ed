import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');

async function bench(
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, 'operator', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

it('measures an apply, a restart and the quiet, each with its floor, and prints one JSON document', {
  timeout: 240_000,
}, async () => {
  const parts = ['--only', 'apply,restart,steady', '--tenants', '3', '--minutes', '0.05'];
  const { code, stdout, stderr } = await bench(parts);
  expect(code, stderr).toBe(0);
  const report = JSON.parse(stdout) as Record<string, unknown>;
  expect(report).toMatchObject({
    tenants: 3,
    applyFloor: { mismatches: 0, kubeCalls: 36 },
    apply: { objects: 12, ready: 12 },
    restart: { ready: 12, kubeWrites: 0, backendWrites: 0, drift: 0 },
    restartFloor: { mismatches: 0 },
    steady: { kubeObjectsChanged: 0, kubeWritesButLease: 0, backendWrites: 0 },
  });
  expect(report).not.toHaveProperty('soak');
});
