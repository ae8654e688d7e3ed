/** From start to end: several replicas, signals, wrong settings, and documents that change meanwhile. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Sidecar } from '../../src/sidecar/start.ts';
import { startReceiver, type TestReceiver } from '../sidecar/webhooks/receiver.ts';
import { slack as signedSlack } from '../sidecar/webhooks/signing.ts';
import { type CliProcess, type CliResult, cli, startCli } from '../support/cli.ts';
import { appsPlatform, CONFIG, type Replicas, startReplicas } from '../support/sidecar-replicas.ts';
import { integrationYaml, tenantYaml } from '../support/world.ts';

let world: Replicas;
let started: PromiseSettledResult<Sidecar>[];
let receiver: TestReceiver;
let folder: string;
let app: string;
let admin: string;
const children: CliProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-life-'));
  receiver = await startReceiver();
  world = await startReplicas({
    documents:
      appsPlatform() +
      tenantYaml('acme') +
      tenantYaml('globex') +
      integrationYaml('acme', 'slack', CONFIG.slack) +
      integrationYaml('globex', 'slack', CONFIG.slack),
    integrations: ['slack'],
    // A process of its own has the system's clock, and so have these.
    env: () => ({ LOG_LEVEL: 'info' }),
  });
  const second = { posture: 'gateway', host: '127.0.0.1', port: 0 } as const;
  started = await Promise.allSettled([
    world.start({ now: Date.now }),
    world.start({ now: Date.now, flags: second }),
  ]);
  app = await world.key('acme', 'app');
  admin = await world.key(null);
  await world.connect('acme', 'slack');
});
afterEach(async () => {
  world.environment.saas.faults('slack').reset();
  for (const { child, ended } of children.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(async () => {
  await world.close();
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
});

const TOKEN = '/tenants/acme/integrations/slack/token';
const PROXIED = '/proxy/slack/api/conversations.list';

test('of two replicas that start on an empty database at once one migrates, and both serve', async () => {
  expect(started.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  const migrated = world.lines.filter((line) => line.includes('platform tables brought up to date'));
  expect(migrated).toHaveLength(1);
  for (const each of started) {
    if (each.status !== 'fulfilled') continue;
    expect(await world.call(TOKEN, { key: app, url: each.value.url })).toMatchObject({ status: 200 });
  }
});

interface Child extends CliProcess {
  readonly url: string;
}

/** `tenantry sidecar` as a process of its own. */
async function startChild(
  args: readonly string[] = ['--stack', world.dir],
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  let text = '';
  const child = startCli(['sidecar', '--host', '127.0.0.1', '--port', '0', ...args], {
    cwd: folder,
    env: { ...world.env, ...env },
  });
  children.push(child);
  child.child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await child.seen('"msg":"listening"');
  const url = /"url":"([^"]+)"/.exec(text)?.[1];
  if (url === undefined) throw new Error(text);
  return { ...child, url };
}

/** A call that the service holds until it is let go. */
function heldCall(url: string): {
  readonly arrived: Promise<void>;
  letGo(): void;
  readonly answer: Promise<number>;
} {
  const api = world.environment.saas.faults('slack');
  const [arrived, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  api.delay(async () => {
    arrived.resolve();
    await gate.promise;
  });
  const answer = world.call(PROXIED, { key: app, url }).then(({ status }) => status);
  answer.catch(() => undefined);
  return { arrived: arrived.promise, letGo: gate.resolve, answer };
}

/** How a request is met: its status, or `refused` when there is no connection. */
async function met(url: string): Promise<number | 'refused'> {
  return await world.call('/ready', { url }).then(
    ({ status }) => status,
    () => 'refused' as const,
  );
}

describe('SIGTERM', () => {
  test('what is under way ends well, nothing new is taken, no job is lost, and the exit code is 0', async () => {
    const made = await world.call('/tenants/acme/webhook-endpoints', {
      method: 'POST',
      key: admin,
      body: { url: receiver.url },
    });
    receiver.secret = (JSON.parse(made.text) as { secret: string }).secret;
    const child = await startChild();
    expect(await met(child.url)).toBe(200);
    const held = heldCall(child.url);
    await held.arrived;
    const deliveries = await Promise.all(
      Array.from({ length: 20 }, (_each, index) => webhook(child.url, index)),
    );
    expect(deliveries.map(({ status }) => status)).toEqual(deliveries.map(() => 200));

    const asked = performance.now();
    child.child.kill('SIGTERM');
    await child.seen('draining');
    await vi.waitFor(async () => expect([503, 'refused']).toContain(await met(child.url)));
    held.letGo();
    expect(await held.answer).toBe(200);
    const { code, signal, stderr } = await child.ended;
    expect([code, signal], stderr).toEqual([0, null]);
    expect(performance.now() - asked).toBeLessThan(25_000);

    const ids = (): number => new Set(receiver.messages.map(({ body }) => /Ev-\d+/.exec(body)?.[0])).size;
    await vi.waitFor(() => expect(ids()).toBe(20), { timeout: 30_000 });
    // The access that the child had in memory at its end is in the table.
    const rows = await world.sql(`select 1 from tenantry.token_access_log where action = 'proxy'`);
    expect(rows.length).toBe(1);
  });

  test('a second one ends at once', async () => {
    const child = await startChild();
    const held = heldCall(child.url);
    await held.arrived;
    child.child.kill('SIGTERM');
    await child.seen('draining');
    const again = performance.now();
    child.child.kill('SIGTERM');
    const { signal } = await child.ended;
    expect(signal).toBeNull();
    expect(performance.now() - again).toBeLessThan(5_000);
    await expect(held.answer).rejects.toThrow();
    held.letGo();
  });

  async function webhook(url: string, index: number): Promise<{ status: number }> {
    const [row] = await world.sql<{ org: string }>(
      `select external_org_id as org from tenantry.installations where tenant = 'acme' and status = 'active'`,
    );
    const payload = {
      type: 'event_callback',
      team_id: row?.org,
      event_id: `Ev-${index}`,
      event: { type: 'x' },
    };
    const { headers, body } = signedSlack(payload, Date.now(), { key: 'slack-signing-secret' });
    return await world.call('/webhooks/slack', { method: 'POST', headers, body, url });
  }
});

describe('wrong settings give one clear error and exit code 1', () => {
  const without = (name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(world.env).filter(([each]) => each !== name));
  const start = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<CliResult> =>
    await cli(['sidecar', '--port', '0', ...args], { cwd: folder, env, stop: AbortSignal.timeout(20_000) });
  const onStack = (): string[] => ['--stack', world.dir, '--host', '127.0.0.1'];

  const cases: Record<string, { code: string; words: RegExp; run: () => Promise<CliResult> }> = {
    'no address of Vault': {
      code: 'MissingSetting',
      words: /VAULT_ADDR/,
      run: () => start(onStack(), without('VAULT_ADDR')),
    },
    'a wrong password of Postgres': {
      code: 'PostgresUnauthorized',
      words: /password/,
      run: () => start(onStack(), { ...world.env, PGPASSWORD: 'wrong-password' }),
    },
    'a wrong password of the sidecar’s own login': {
      code: 'PostgresUnauthorized',
      words: /password/,
      run: () =>
        start([...onStack(), '--no-migrate'], { ...world.env, TENANTRY_PGPASSWORD: 'wrong-password' }),
    },
    'no Postgres at its address': {
      code: 'PostgresUnreachable',
      words: /ECONNREFUSED/,
      run: () => start(onStack(), { ...world.env, PGPORT: '9' }),
    },
    'a port in use': { code: 'InvalidUsage', words: /port|listen/, run: onBusyPort },
    'posture sidecar for other machines': {
      code: 'InvalidUsage',
      words: /loopback/,
      run: () => start(['--stack', world.dir, '--posture', 'sidecar', '--host', '0.0.0.0'], world.env),
    },
    'an unknown stack': {
      code: 'StackNotFound',
      words: /nowhere/,
      run: () => start(['--stack', 'nowhere'], world.env),
    },
    'a port that is none': {
      code: 'InvalidUsage',
      words: /PORT/,
      run: () => cli(['sidecar', ...onStack()], { cwd: folder, env: { ...world.env, PORT: 'abc' } }),
    },
    'a tenants.json with a mistake': {
      code: 'InvalidDocument',
      words: /tenants\.json/,
      run: () => withConfig('{"tenants": [{"id": "Acme!"}]}'),
    },
    'a tenants.json with a literal token': {
      code: 'InvalidDocument',
      words: /accessToken/,
      run: () =>
        withConfig(
          '{"tenants": [{"id": "acme", "integrations": [{"name": "slack", "credentials": {"accessToken": "xoxb-canary"}}]}]}',
        ),
    },
    'no tenants.json': {
      code: 'MissingSetting',
      words: /TENANT_CONFIG_PATH/,
      run: () =>
        start([], {
          ...world.env,
          ENABLE_TENANT_CONFIG_FILE: 'true',
          TENANT_CONFIG_PATH: join(folder, 'not'),
        }),
    },
  };

  async function onBusyPort(): Promise<CliResult> {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const { port } = busy.address() as { port: number };
    try {
      return await cli(['sidecar', ...onStack(), '--port', String(port)], {
        cwd: folder,
        env: world.env,
        stop: AbortSignal.timeout(20_000),
      });
    } finally {
      busy.close();
    }
  }

  async function withConfig(text: string): Promise<CliResult> {
    const file = join(folder, 'tenants.json');
    await writeFile(file, text);
    return await start([], { ...world.env, ENABLE_TENANT_CONFIG_FILE: 'true', TENANT_CONFIG_PATH: file });
  }

  test.each(Object.keys(cases))('%s', async (name) => {
    const wanted = cases[name];
    if (!wanted) throw new Error(name);
    const { code, stdout, stderr } = await wanted.run();
    expect(code, stderr + stdout).toBe(1);
    expect(stderr).toMatch(wanted.words);
    expect(stderr.match(new RegExp(wanted.code, 'g')) ?? [], stderr).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at .*\.ts:\d+|canary|wrong-password/);
  });
});

describe('documents that change while it runs', () => {
  const file = 'tenants/initech.yaml';
  const slackOf = async (tenant: string): Promise<number> =>
    (await world.call(`/tenants/${tenant}/integrations/slack`, { key: admin })).status;
  const proxied = async (): Promise<string> => {
    const { status, code } = await world.call(PROXIED, { key: app });
    return `${status} ${code ?? ''}`.trim();
  };
  const acme = (spec: object): Promise<void> =>
    world.write(
      'platform.yaml',
      appsPlatform() +
        tenantYaml('acme') +
        tenantYaml('globex') +
        integrationYaml('acme', 'slack', { ...CONFIG.slack, ...spec }) +
        integrationYaml('globex', 'slack', CONFIG.slack),
    );
  const soon = { timeout: 10_000, interval: 50 };

  test('a new tenant is served, and no more when its documents are gone', async () => {
    expect(await slackOf('initech')).toBe(404);
    await mkdir(join(world.dir, 'tenants'), { recursive: true });
    await world.write(file, tenantYaml('initech') + integrationYaml('initech', 'slack', CONFIG.slack));
    await vi.waitFor(async () => expect(await slackOf('initech')).toBe(200), soon);
    await world.write(file, tenantYaml('initech'));
    await vi.waitFor(async () => expect(await slackOf('initech')).toBe(404), soon);
    await rm(join(world.dir, file));
  });

  test('a suspended integration is refused, and goes on afterwards', async () => {
    expect(await proxied()).toBe('200');
    await acme({ suspend: true });
    await vi.waitFor(async () => expect(await proxied()).toBe('403 Forbidden'), soon);
    await acme({});
    await vi.waitFor(async () => expect(await proxied()).toBe('200'), soon);
  });

  test('a mistake in them is told in the log, and what was before serves on', async () => {
    await acme({ suspend: 'perhaps' });
    const told = (): boolean =>
      world.lines.some((line) => line.includes('the changed documents are not used'));
    await vi.waitFor(() => expect(told()).toBe(true), soon);
    expect(await proxied()).toBe('200');
    await acme({});
  });
});

test('a start from tenants.json takes a credential that it refers to into custody', async () => {
  const config = {
    tenants: [
      {
        id: 'globex',
        integrations: [{ name: 'slack', credentials: { accessToken: '${ENV:GLOBEX_SLACK_TOKEN}' } }],
      },
    ],
  };
  const path = join(folder, 'tenants.json');
  await writeFile(path, JSON.stringify(config));
  const child = await startChild([], {
    ENABLE_TENANT_CONFIG_FILE: 'true',
    TENANT_CONFIG_PATH: path,
    GLOBEX_SLACK_TOKEN: 'xoxb-token-of-globex',
  });
  await child.seen('taken into custody');
  const key = await world.key('globex', 'app');
  const answer = await world.call('/tenants/globex/integrations/slack/token', { key });
  expect(JSON.parse(answer.text)).toMatchObject({ accessToken: 'xoxb-token-of-globex' });
  child.child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 0 });
});
