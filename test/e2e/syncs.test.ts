/** Syncs on the development environment, by the commands and routes that people use: connect, run, watch, cancel, alert. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSidecarClient, type Schema, type SidecarClient } from '../../src/client/index.ts';
import { type DevOutcome, type DevSession, startDevSession } from '../../src/dev/session.ts';
import { signedHeaders } from '../../src/sidecar/webhooks/standard-webhooks.ts';
import { type Message, startReceiver, type TestReceiver } from '../sidecar/webhooks/receiver.ts';
import { type CliResult, cli, cliJson, type ErrorDocument } from '../support/cli.ts';
import { openSql } from '../support/sql.ts';

/** Hour of the schedule, far from now: no sync of it comes between those of the tests. */
const HOUR = (new Date().getUTCHours() + 12) % 24;

/** The tests count the syncs of one day (UTC), and must not begin so shortly before its end, in milliseconds. */
const LEAST_LEFT_MS = 180_000;
const DAY_MS = 86_400_000;

const STACK: Readonly<Record<string, string>> = {
  'platform.yaml': `apiVersion: tenantry.dev/v1alpha1
kind: Platform
metadata: { name: syncs }
spec:
  syncs: { runner: Sidecar, alertAfter: 1, retries: 0 }
  apps:
    notion: { clientId: "\${ENV:NOTION_CLIENT_ID}", clientSecret: "\${ENV:NOTION_CLIENT_SECRET}" }
    github:
      clientId: \${ENV:GITHUB_CLIENT_ID}
      clientSecret: \${ENV:GITHUB_CLIENT_SECRET}
      appId: \${ENV:GITHUB_APP_ID}
      slug: \${ENV:GITHUB_APP_NAME}
      privateKey: \${ENV:GITHUB_PRIVATE_KEY}
`,
  'tenants/acme.yaml': `apiVersion: tenantry.dev/v1alpha1
kind: Tenant
metadata: { name: acme }
spec: { quotas: { syncsPerDay: 5 } }
---
apiVersion: tenantry.dev/v1alpha1
kind: TenantIntegration
metadata: { name: acme-notion }
spec: { tenant: acme, integration: notion, sync: { schedule: "0 ${HOUR} * * *" } }
---
apiVersion: tenantry.dev/v1alpha1
kind: Tenant
metadata: { name: globex }
spec: {}
---
apiVersion: tenantry.dev/v1alpha1
kind: TenantIntegration
metadata: { name: globex-notion, annotations: { tenantry.dev/connect: by-hand } }
spec: { tenant: globex, integration: notion }
`,
};

let root: string;
let session: DevSession;
let outcome: DevOutcome;
let receiver: TestReceiver;
let admin: SidecarClient;
const ended = new AbortController();
const notion = { tenant: 'acme', integration: 'notion' };

beforeAll(async () => {
  const left = DAY_MS - (Date.now() % DAY_MS);
  if (left < LEAST_LEFT_MS) await timer(left);
  root = await mkdtemp(join(tmpdir(), 'tenantry-syncs-'));
  const dir = join(root, 'stacks', 'syncs');
  await mkdir(join(dir, 'tenants'), { recursive: true });
  for (const [name, text] of Object.entries(STACK)) await writeFile(join(dir, name), text);
  session = await startDevSession({
    dir,
    env: { PATH: process.env['PATH'] },
    envFile: join(root, 'dev.env'),
    signal: ended.signal,
    onStep: () => undefined,
    onEvent: () => undefined,
  });
  outcome = await session.run();
  admin = createSidecarClient({
    url: session.connectUrl,
    credential: session.variables['TENANTRY_API_KEY'] ?? '',
  });
  receiver = await startReceiver();
}, 120_000 + LEAST_LEFT_MS);
afterAll(async () => {
  ended.abort();
  await session?.close();
  await receiver?.close();
  await rm(root, { recursive: true, force: true });
});

/** A command in a second terminal, with the variables of `.tenantry/dev.env`. */
const throughApi = (args: string[]): Promise<CliResult> => cli(args, { cwd: root, env: session.variables });

/** The same without a key of the API: on the stack's own systems. */
function throughStack<T>(args: string[]): ReturnType<typeof cliJson<T>> {
  const { TENANTRY_API_KEY: _, ...env } = session.variables;
  return cliJson<T>([...args, '--stack', 'syncs'], { cwd: root, env });
}

async function history(): Promise<Schema<'SyncRun'>[]> {
  const { runs } = await admin.get('/tenants/{tenant}/integrations/{integration}/syncs', { path: notion });
  return runs;
}

/** The newest run, once its end is known. */
async function newestEnded(): Promise<Schema<'SyncRun'>> {
  const [newest] = await vi.waitFor(
    async () => {
      const runs = await history();
      expect(runs[0]?.endedAt).not.toBeNull();
      return runs;
    },
    { timeout: 30_000, interval: 200 },
  );
  return newest as Schema<'SyncRun'>;
}

describe('a tenant that connects', () => {
  it('has its rows, and nothing is left to change', () => {
    const synced = outcome.integrations.find(({ name }) => name === 'acme-notion');
    expect(synced).toMatchObject({ status: 'ready' });
    expect(synced?.rows).toBeGreaterThan(0);
    expect(outcome.remaining).toBe(0);
  });

  it('has a first sync in its history', async () => {
    expect(await newestEnded()).toMatchObject({ trigger: 'first', status: 'succeeded', error: null });
    expect(await history()).toHaveLength(1);
  });

  it('knows when the next one is due, in every place that tells it', async () => {
    const { syncs } = await admin.get('/tenants/{tenant}/sync-states', { path: { tenant: 'acme' } });
    const due = syncs[0]?.nextAt ?? '';
    expect(new Date(due).getUTCHours()).toBe(HOUR);
    expect((await throughApi(['syncs', 'acme'])).stdout).toContain(due.replace(/\.\d+Z$/, 'Z'));
    const { json } = await throughStack<{ integrations: object[] }>(['status', '--tenant', 'acme']);
    expect(json.integrations[0]).toMatchObject({
      nextSync: due,
      lastSync: { status: 'succeeded', rows: syncs[0]?.last?.rows },
    });
  });
});

describe('a sync by hand', () => {
  it('is watched to its end, and counted', async () => {
    const { code, stdout, stderr } = await throughApi(['sync', 'acme', 'notion', '--wait']);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/^acme\/notion: succeeded, \d+ rows?, .+\.\n$/);
    const [newest] = await history();
    expect(newest).toMatchObject({ trigger: 'manual', status: 'succeeded', attempt: 1 });
    const { days } = await admin.get('/tenants/{tenant}/usage', { path: { tenant: 'acme' } });
    const [first, second] = await history();
    expect(days).toMatchObject([{ syncs: 2, rows: (first?.rows ?? 0) + (second?.rows ?? 0) }]);
  });

  it('of a tenant that is not connected is refused, with the next step', async () => {
    const { code, json } = await throughStack<ErrorDocument>(['sync', 'globex', 'notion']);
    expect(code).toBe(1);
    expect(json.error.code).toBe('CredentialNotFoundError');
    expect(json.error.hint).not.toBe('');
  });

  it('is cancelled while it runs, through the stack as well', async () => {
    session.environment.airbyte.faults.nextJobs(1, { kind: 'stuck' });
    const { json: begun } = await throughStack<{ run: Schema<'SyncRun'> }>(['sync', 'acme', 'notion']);
    const seen: string[] = [];
    for await (const { status } of admin.followSync({ ...notion, id: begun.run.id })) {
      seen.push(status);
      if (status !== 'running') continue;
      const cancelled = await throughStack<{ run: Schema<'SyncRun'> }>([
        'sync',
        'acme',
        'notion',
        '--cancel',
      ]);
      expect(cancelled).toMatchObject({ code: 0, json: { run: { id: begun.run.id } } });
    }
    expect(seen.at(-1)).toBe('cancelled');
    expect(seen).toContain('running');
  });
});

describe('a sync that fails', () => {
  it('is told to the tenant’s endpoint, signed, with why and what to do; and so is its recovery', async () => {
    const { secret } = await admin.post('/tenants/{tenant}/webhook-endpoints', {
      path: { tenant: 'acme' },
      body: { url: receiver.url },
    });
    session.environment.airbyte.faults.nextJobs(1, {
      kind: 'fail',
      reason: 'the connector fell over at 10.0.0.7',
    });
    const failed = await throughApi(['sync', 'acme', 'notion', '--wait']);
    expect(failed.code).toBe(1);
    const run = await newestEnded();
    expect(run).toMatchObject({ status: 'failed', error: { nextStep: expect.stringMatching(/./) } });
    expect(failed.stdout).toContain(run.error?.message);
    const event = await vi.waitFor(() => eventOf('sync.failed'), { timeout: 20_000 });
    const { headers, body } = event;
    const at = Number(headers['webhook-timestamp']) * 1000;
    expect(headers).toMatchObject(signedHeaders(secret, { id: String(headers['webhook-id']), at, body }));
    expect(body).not.toContain('10.0.0.7');

    expect((await throughApi(['sync', 'acme', 'notion', '--wait'])).code).toBe(0);
    await vi.waitFor(() => eventOf('sync.recovered'), { timeout: 20_000 });
  });

  it('has told each of it once', () => {
    const types = receiver.messages.map(({ body }) => (JSON.parse(body) as { type: string }).type);
    expect(types.filter((type) => type.startsWith('sync.'))).toEqual(['sync.failed', 'sync.recovered']);
  });
});

function eventOf(type: string): Message {
  const found = receiver.messages.find(({ body }) => (JSON.parse(body) as { type: string }).type === type);
  expect(found).toBeDefined();
  return found as Message;
}

describe('a quota that is used up', () => {
  it('stops the next sync before it begins, in the same words everywhere', async () => {
    const { quotas } = await admin.get('/tenants/{tenant}/quotas', { path: { tenant: 'acme' } });
    expect(quotas).toContainEqual(expect.objectContaining({ name: 'syncsPerDay', limit: 5, used: 5 }));
    const before = await history();
    const api = await throughApi(['sync', 'acme', 'notion']);
    const { code, json } = await throughStack<ErrorDocument>(['sync', 'acme', 'notion']);
    expect([api.code, code, json.error.code]).toEqual([1, 1, 'QuotaExceeded']);
    expect(api.stderr).toContain(json.error.message);
    expect(await history()).toHaveLength(before.length);
    expect((await throughApi(['usage', 'acme'])).stdout).toContain('syncsPerDay: 5 of 5 used');
  });
});

describe('the commands', () => {
  it.each([
    [['syncs']],
    [['syncs', 'acme']],
    [['syncs', 'acme', 'notion', '--limit', '2']],
    [['syncs', 'acme', 'notion', '--log']],
    [['usage', 'acme']],
    [['usage']],
  ])('tell the same through the API and through the stack: %s', async (args) => {
    const api = await cliJson(args, { cwd: root, env: session.variables });
    const stack = await throughStack(args);
    expect(api.code).toBe(0);
    expect(stack.json).toEqual(api.json);
  });
});

describe('what the tenant sees', () => {
  it('holds no id, name or address of the systems behind', async () => {
    const { postgres, vault, airbyte } = session.environment;
    const path = { tenant: 'acme' };
    const runs = await history();
    const logs = await Promise.all(
      runs.map(({ id }) =>
        admin.get('/tenants/{tenant}/integrations/{integration}/syncs/{id}/log', { path: { ...notion, id } }),
      ),
    );
    expect(logs.every(({ lines }) => lines.length > 0)).toBe(true);
    const told = JSON.stringify([
      runs,
      logs,
      await admin.get('/tenants/{tenant}/sync-states', { path }),
      await admin.get('/tenants/{tenant}/quotas', { path }),
      receiver.messages.map(({ body }) => body),
    ]);
    const sql = await openSql(session.environment);
    const { rows: ids } = await sql.query<{ id: string }>(
      `select unnest(array[connection_id, source_id, workspace_id]) as id from tenantry.sync_states
       where tenant = 'acme'`,
    );
    await sql.end();
    const inner = [
      ...ids.map(({ id }) => id),
      new URL(airbyte.url).host,
      new URL(vault.address).host,
      `${postgres.host}:${postgres.port}`,
      '10.0.0.7',
      root,
    ];
    expect(ids).toHaveLength(3);
    for (const name of inner) expect(told).not.toContain(name);
  });
});
