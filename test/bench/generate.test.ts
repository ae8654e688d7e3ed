import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateStack } from '../../bench/generate.ts';
import { median } from '../../bench/measures.ts';
import { loadAndCheck } from '../../src/spec/stack.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');

async function bench(
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...more },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, stdout, stderr };
}

describe('a generated stack', () => {
  it('is valid, with three integrations for each tenant and a shared app for each integration', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tenantry-test-'));
    try {
      const accounts = await generateStack(dir, { tenants: 5 });
      const { documents } = await loadAndCheck(dir);
      expect(documents.tenants).toHaveLength(5);
      expect(documents.platform.spec.vault.tenantAuth?.method).toBe('approle');
      const pairs = documents.integrations.map(({ spec }) => `${spec.tenant}/${spec.integration}`);
      expect(pairs.sort()).toEqual(accounts.map((item) => `${item.tenant}/${item.integration}`).sort());
      expect(pairs).toHaveLength(15);
      for (const { spec } of documents.integrations) {
        expect(spec.sync.initialSync).toBe(false);
        expect(documents.platform.spec.apps).toHaveProperty(spec.integration);
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('the benchmark', () => {
  it('measures plan and apply and prints one JSON document', { timeout: 120_000 }, async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'tenantry-test-'));
    // Postgres may run as another user, who must get to its folder in there.
    await chmod(temporary, 0o755);
    const { code, stdout, stderr } = await bench(['--tenants', '3', '--rounds', '1'], { TMPDIR: temporary });
    expect(stderr).toContain('plan 1: ');
    expect(code, stderr).toBe(0);
    const floors = {
      fetch: expect.objectContaining({ wallMs: expect.any(Number), mismatches: 0 }),
      'node:http': expect.objectContaining({ wallMs: expect.any(Number), mismatches: 0 }),
    };
    const report = JSON.parse(stdout) as { plan: object; apply: object };
    expect(report).toMatchObject({
      tenants: 3,
      integrations: 9,
      cores: expect.any(Number),
      loadAverage: expect.any(Number),
      date: expect.any(String),
      notes: expect.any(Array),
    });
    const numbers = { resources: 64, calls: expect.any(Number), wallMs: expect.any(Number) };
    const common = { ...numbers, peakRssMb: expect.any(Number), floors };
    expect(report.plan).toMatchObject({
      ...common,
      limits: { wallMs: 3000, peakRssMb: 300 },
      met: expect.any(Boolean),
    });
    expect(report.apply).toMatchObject({
      ...common,
      limits: { ratio: 0.7 },
      callingMs: expect.any(Number),
      floors: {
        fetch: { met: expect.any(Boolean), metWholeProcess: expect.any(Boolean) },
        'node:http': { met: expect.any(Boolean), metWholeProcess: expect.any(Boolean) },
      },
      callsPerSecond: expect.any(Number),
      resourcesPerSecond: expect.any(Number),
    });
    expect(await readdir(temporary)).toEqual([]);
    await rmdir(temporary);
  });

  it('tells wrong options with the right ones', async () => {
    for (const args of [['--tenants', 'many'], ['--rounds', '0'], ['--only', 'sync'], ['--fast']]) {
      const { code, stdout, stderr } = await bench(args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('usage: npm run bench');
    }
  });

  it('takes the middle of what it measured', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});
