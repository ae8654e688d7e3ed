/** The command sidecar as an operator starts it: a process of its own, with what is missing or wrong told plainly. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevVault } from '../../src/dev/vault/server.ts';
import { type CliProcess, type CliResult, cli, type ErrorDocument, startCli } from '../support/cli.ts';
import { prepare, type SidecarWorld, startSidecarWorld } from '../support/sidecar-world.ts';

let world: SidecarWorld;
let keys: Awaited<ReturnType<typeof prepare>>;

beforeAll(async () => {
  world = await startSidecarWorld(() => startDevVault());
});
afterAll(() => world?.close());

const ON_A_FREE_PORT = ['--host', '127.0.0.1', '--port', '0'];

/** As the deployment has it: its own logins, and the tables made by somebody else. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): CliProcess {
  return startCli(['sidecar', '--stack', world.dir, ...args], { env: { ...world.gateway, ...env } });
}

/** For what ends by itself. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  return cli(['sidecar', '--stack', world.dir, ...args], { env: { ...world.gateway, ...env } });
}

async function listening(process: CliProcess): Promise<string> {
  let text = '';
  process.child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await process.seen('"msg":"listening"');
  return /"url":"([^"]+)"/.exec(text)?.[1] ?? '';
}

describe('what it cannot start with', () => {
  it('is told in one go, by field and variable', async () => {
    const env = { VAULT_ADDR: '', VAULT_ROLE_ID: '', PGHOST: '', TENANTRY_PGUSER: 'tenantry_app' };
    const { code, stdout, stderr } = await run(ON_A_FREE_PORT, env);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    for (const word of ['VAULT_ADDR', 'VAULT_ROLE_ID', 'PGHOST']) expect(stderr).toContain(word);
    const own = await run(ON_A_FREE_PORT, { TENANTRY_PGUSER: 'tenantry_app' });
    expect(own.stderr).toContain('TENANTRY_PGPASSWORD');
  });

  it('tables that nobody has made: what to run, and with which rights', async () => {
    const { code, stderr } = await run([...ON_A_FREE_PORT, '--no-migrate'], {
      PGUSER: world.engineer['PGUSER'] ?? '',
      PGPASSWORD: world.engineer['PGPASSWORD'] ?? '',
    });
    expect(code).toBe(1);
    expect(stderr).toContain('Blocked: the sidecar’s tables are not there yet');
    expect(stderr).toContain(`→ run \`tenantry migrate --stack ${world.dir}\``);
  });

  it.each([
    ['a port', ['--port', '70000'], {}, 'must be a port, 0 to 65535'],
    ['a port of the environment', [], { PORT: 'web' }, 'PORT must be a port, 0 to 65535'],
    ['a posture', ['--posture', 'proxy'], {}, 'Allowed choices are gateway, sidecar'],
    ['a tenant', ['--posture', 'sidecar', '--tenant', 'acmee'], {}, 'did you mean "acme"?'],
    ['tenants of a gateway', ['--tenant', 'acme'], {}, '→ leave out --tenant, or pass --posture sidecar'],
    ['an address', ['--posture', 'sidecar', '--host', '0.0.0.0'], {}, '→ use --posture gateway'],
  ])('%s that makes no sense', async (_what, args, env, message) => {
    const { code, stdout, stderr } = await run([...args, '--no-migrate'], env);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^InvalidUsage: /);
    expect(stderr).toContain(message);
  });

  it('a stack that is not there, as JSON', async () => {
    const { code, stdout } = await cli(['sidecar', '--stack', 'nowhere', '--output', 'json'], {
      env: world.gateway,
    });
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as ErrorDocument).error.code).toBe('StackNotFound');
  });

  it('neither a stack nor a readable tenant config file', async () => {
    const env = { ...world.gateway, ENABLE_TENANT_CONFIG_FILE: 'true', TENANT_CONFIG_PATH: '/nowhere.json' };
    const { code, stderr } = await cli(['sidecar'], { env });
    expect(code).toBe(1);
    expect(stderr).toContain('MissingSetting: TENANT_CONFIG_PATH: /nowhere.json cannot be read');
  });
});

describe('with its own logins and tables that are there', () => {
  beforeAll(async () => {
    keys = await prepare(world);
  });

  it('listens, serves, logs lines of JSON without a secret, and ends with 0 when it is told to', async () => {
    const process = start([...ON_A_FREE_PORT, '--no-migrate']);
    const url = await listening(process);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    const answer = await fetch(`${url}/tenants/acme/integrations`, {
      headers: { authorization: `Bearer ${keys.app}` },
    });
    expect(answer.status).toBe(200);
    process.child.kill('SIGTERM');
    const { code, signal, stdout } = await process.ended;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    const lines = stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(
      expect.arrayContaining(['listening', 'request', 'ended']),
    );
    for (const secret of [keys.app, world.login.password, world.gateway['VAULT_SECRET_ID'] ?? 'none']) {
      expect(stdout).not.toContain(secret);
    }
  });

  it('needs no password of the admin beside its own', async () => {
    const { user, password } = world.login;
    const env = { PGUSER: 'postgres', PGPASSWORD: '', TENANTRY_PGUSER: user, TENANTRY_PGPASSWORD: password };
    const process = start([...ON_A_FREE_PORT, '--no-migrate'], env);
    const url = await listening(process);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    process.child.kill('SIGTERM');
    expect((await process.ended).code).toBe(0);
    const migrating = await run(ON_A_FREE_PORT, env);
    expect(migrating.code).toBe(1);
    expect(migrating.stderr).toMatch(/^MissingSetting: spec\.postgres\.password .*\n {2}→ .*--no-migrate\n$/);
  });

  it('says what to do where its login may not migrate', async () => {
    const { code, stderr } = await run(ON_A_FREE_PORT);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^PostgresForbidden: /);
    expect(stderr).toContain('--no-migrate');
  });

  it('says that another program listens on its port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await run(['--host', '127.0.0.1', '--port', String(port), '--no-migrate']);
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toContain(`InvalidUsage: cannot listen on 127.0.0.1:${port}`);
    expect(stderr).toContain('→ another program listens there; pass --port');
  });

  it('starts while Vault is away, and is ready when it is back', async () => {
    world.systems.vaultProxy.fault = () => 'cut';
    const process = start([...ON_A_FREE_PORT, '--no-migrate']);
    const url = await listening(process);
    const status = async (path: string): Promise<number> => (await fetch(`${url}${path}`)).status;
    expect([await status('/health'), await status('/ready')]).toEqual([200, 503]);
    world.systems.vaultProxy.fault = undefined;
    await expect.poll(() => status('/ready'), { timeout: 20_000 }).toBe(200);
    process.child.kill('SIGINT');
    expect((await process.ended).code).toBe(0);
  });
});
