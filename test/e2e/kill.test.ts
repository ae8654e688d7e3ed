/** An apply is killed again and again, at any call it makes; what comes out is the world of one quiet run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVaultClient } from '../../src/clients/vault.ts';
import { startDevAirbyte } from '../../src/dev/airbyte/server.ts';
import { type DevPostgres, startDevPostgres } from '../../src/dev/postgres.ts';
import { startDevVault } from '../../src/dev/vault/server.ts';
import { startTcpTap } from '../support/tcp-tap.ts';
import { worldText } from '../support/world-text.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TENANTS = ['acme', 'globex', 'initech'];

let stack: string;
let postgres: DevPostgres;

beforeAll(async () => {
  stack = await mkdtemp(join(tmpdir(), 'tenantry-kill-'));
  await writeStack(stack);
  postgres = await startDevPostgres();
});

afterAll(async () => {
  await postgres.close();
  await rm(stack, { recursive: true, force: true });
});

async function writeStack(dir: string): Promise<void> {
  const head = 'apiVersion: tenantry.dev/v1alpha1\n';
  await mkdir(join(dir, 'tenants'));
  const platform =
    'kind: Platform\nmetadata: {name: kill}\nspec:\n  vault: {tenantAuth: {method: approle}}\n';
  await writeFile(join(dir, 'platform.yaml'), head + platform);
  for (const tenant of TENANTS) {
    const documents = [
      `${head}kind: Tenant\nmetadata: {name: ${tenant}}\nspec: {}\n`,
      ...['notion', 'github'].map(
        (id) =>
          `${head}kind: TenantIntegration\nmetadata: {name: ${tenant}-${id}}\nspec:\n  tenant: ${tenant}\n  integration: ${id}\n` +
          (id === 'github'
            ? `  config: {repositories: [${tenant}/shop]}\n  sync: {streams: [{name: issues}]}\n`
            : '  sync: {schedule: "H * * * *", streams: [{name: pages}, {name: users}]}\n'),
      ),
    ];
    await writeFile(join(dir, 'tenants', `${tenant}.yaml`), documents.join('---\n'));
  }
}

/** A fresh Vault, Airbyte and database, behind one counter of all calls. */
async function startWorld(name: string) {
  let onCall: () => boolean = () => true;
  const tap = (): void => {
    if (!onCall()) throw { status: 503, errors: ['stopped'], body: {} };
  };
  const [vault, airbyte] = await Promise.all([
    startDevVault({ onRequest: tap }),
    startDevAirbyte({ onRequest: tap }),
  ]);
  await query('postgres', `CREATE DATABASE ${name}`);
  const proxy = await startTcpTap(postgres, () => onCall());
  const env = {
    ...process.env,
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: vault.rootToken,
    PGHOST: '127.0.0.1',
    PGPORT: String(proxy.port),
    PGDATABASE: name,
    PGUSER: postgres.user,
    PGPASSWORD: postgres.password,
    PGSSLMODE: 'disable',
    AIRBYTE_URL: airbyte.url,
    AIRBYTE_CLIENT_ID: airbyte.clientId,
    AIRBYTE_CLIENT_SECRET: airbyte.clientSecret,
  };
  const client = createVaultClient({
    address: vault.address,
    auth: { method: 'token', token: vault.rootToken },
    kvMount: 'secret',
    transitMount: 'transit',
    concurrency: 8,
  });
  // Tokens written by hand, in plain text: the apply has to encrypt them in place as well.
  for (const tenant of TENANTS) {
    for (const id of ['notion', 'github']) {
      await client.write(`secret/data/${tenant}/${id}`, { data: { access_token: `token-of-${tenant}` } });
    }
  }
  return {
    env,
    vault: client,
    onCall: (listener: () => boolean) => {
      onCall = listener;
    },
    text: () => worldText({ vault: client, airbyte, query: (sql) => query(name, sql) }),
    close: async () => {
      await client.close();
      await Promise.all([vault.close(), airbyte.close(), proxy.close()]);
      await query('postgres', `DROP DATABASE ${name} WITH (FORCE)`);
      const roles = await query('postgres', "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tenant\\_%'");
      for (const { rolname } of roles) await query('postgres', `DROP ROLE "${String(rolname)}"`);
    },
  };
}

async function query(database: string, sql: string): Promise<Record<string, unknown>[]> {
  const { host, port, user, password } = postgres;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

function tenantry(command: string[], env: NodeJS.ProcessEnv): { child: ChildProcess; output: () => string } {
  const args = [join(ROOT, 'src/cli/main.ts'), ...command, '--stack', stack];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return { child, output: () => output };
}

async function ended(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return code ?? signal ?? 'unknown';
}

/** What one quiet run makes, and how many calls it takes. */
async function quietRun(): Promise<{ text: string; calls: number }> {
  const world = await startWorld('quiet');
  let calls = 0;
  world.onCall(() => {
    calls++;
    return true;
  });
  const { child, output } = tenantry(['apply', '--yes'], world.env);
  const code = await ended(child);
  expect(code, output()).toBe(0);
  const text = await world.text();
  await world.close();
  return { text, calls };
}

describe('an apply that is killed', () => {
  it('converges to the same world, wherever and however often it is killed', async () => {
    const quiet = await quietRun();
    expect(quiet.text).toContain('acme-notion [tenantry:cli:kill/acme]');
    // Each number is a call to be killed at; a killed run that did its work loses only the answer.
    const kills = fc.array(
      fc.record({ at: fc.integer({ min: 1, max: quiet.calls }), answered: fc.boolean() }),
      {
        minLength: 3,
        maxLength: 6,
      },
    );
    let round = 0;
    let killed = 0;
    await fc.assert(
      fc.asyncProperty(kills, async (points) => {
        const world = await startWorld(`killed_${++round}`);
        for (const point of points) killed += (await killedRun(world, point)) ? 1 : 0;
        world.onCall(() => true);
        const last = tenantry(['apply', '--yes'], world.env);
        const code = await ended(last.child);
        expect(code, last.output()).toBe(0);
        expect(await world.text()).toBe(quiet.text);
        const plan = tenantry(['plan'], world.env);
        const unchanged = await ended(plan.child);
        expect(unchanged, plan.output()).toBe(0);
        await world.close();
      }),
      { numRuns: 4, endOnFailure: true },
    );
    // Every first run is killed; later ones may need fewer calls than their point.
    expect(killed).toBeGreaterThanOrEqual(round);
  }, 300_000);
});

/** @returns whether it was killed before it ended */
async function killedRun(
  world: Awaited<ReturnType<typeof startWorld>>,
  point: { readonly at: number; readonly answered: boolean },
): Promise<boolean> {
  const { child, output } = tenantry(['apply', '--yes'], world.env);
  let calls = 0;
  world.onCall(() => {
    if (++calls < point.at) return true;
    child.kill('SIGKILL');
    return point.answered;
  });
  const code = await ended(child);
  // A run that needs fewer calls than that, because others were killed late, just ends.
  expect(['SIGKILL', 0], output()).toContain(code);
  return code === 'SIGKILL';
}
