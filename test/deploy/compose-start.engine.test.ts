import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createPostgresClient } from '../../src/clients/postgres.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { type DevPostgres, startDevPostgres } from '../../src/dev/postgres.ts';
import { resolveEngine } from '../engines/resolve.ts';
import { type CliProcess, cli, startCli } from '../support/cli.ts';
import { type DeployedVault, startDeployedVault } from './deployed-vault.ts';

const program = await resolveEngine('vault');
const isBao = basename(program) === 'bao';
if (isBao)
  console.warn('not run: the start of the compose file, whose Vault is none; the engine here is OpenBao');

const root = join(import.meta.dirname, '..', '..');

interface Service {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const SIDECAR_PASSWORD = 'password-of-the-sidecars-login';

/** What the compose file starts, as processes of this machine with the same commands and variables. */
describe.skipIf(isBao)('the services of the compose file', () => {
  let vault: DeployedVault;
  let postgres: DevPostgres;
  let folder = '';
  let port = 0;
  let services: Readonly<Record<string, Service>> = {};
  const running: CliProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-compose-'));
    [vault, postgres] = await Promise.all([startDeployedVault(program), startDevPostgres()]);
    await vault.init();
    await writeFile(join(folder, 'postgres_password'), `${postgres.password}\n`);
    await writeFile(join(folder, 'sidecar_password'), `${SIDECAR_PASSWORD}\n`);
    const text = await readFile(join(root, 'deploy', 'compose.yaml'), 'utf8');
    ({ services } = parse(text, { merge: true }) as { services: Record<string, Service> });
  });
  afterAll(async () => {
    for (const { child, ended } of running) {
      child.kill('SIGKILL');
      await ended;
    }
    await Promise.all([vault?.close(), postgres?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  /** Where a container sees a volume, a secret or another service, and where it is here. */
  function here(name: string, value: string): string {
    const plain = value.replace(/^\$\{\w+:-(.*)\}$/, '$1');
    const secrets = name === 'sidecar' ? vault.sidecarSecrets : vault.secrets;
    const places: Readonly<Record<string, string>> = {
      postgres: postgres.host,
      'http://vault:8200': vault.address,
      '/stack': join(root, 'stacks', 'dev'),
      '/secrets': secrets,
      '/run/secrets': folder,
    };
    return plain.replace(/^(http:\/\/vault:8200|\/stack|\/secrets|\/run\/secrets)(?=\/|$)/, (place) => {
      return places[place] ?? place;
    });
  }

  function orderOf(name: string): { readonly args: string[]; readonly env: NodeJS.ProcessEnv } {
    const { command = [], environment = {} } = services[name] ?? {};
    const env = Object.fromEntries(
      Object.entries(environment).map(([variable, value]) => [variable, here(name, value)]),
    );
    return {
      args: command.map((arg) => here(name, arg)),
      env: {
        ...env,
        PGHOST: postgres.host,
        PGPORT: String(postgres.port),
        PGDATABASE: postgres.database,
        // The superuser is called otherwise here; the sidecar's login is the same.
        ...(env['PGUSER'] === 'postgres' && { PGUSER: postgres.user }),
      },
    };
  }

  it('migrate makes the tables and the sidecar’s login, without an Airbyte', async () => {
    const { args, env } = orderOf('migrate');
    const first = await cli(args, { env });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('The sidecar logs in as tenantry_app.');
    const again = await cli(args, { env });
    expect(again.stdout).toContain('The tables are up to date.');
  });

  it('the sidecar becomes ready with its own logins', async () => {
    const { args, env } = orderOf('sidecar');
    expect(env['PGUSER']).toBe('tenantry_app');
    port = await freePort();
    const sidecar = startCli([...args, '--port', String(port)], { env });
    running.push(sidecar);
    await sidecar.seen('"msg":"listening"');
    const answer = await fetch(`http://127.0.0.1:${port}/ready`);
    expect(await answer.json()).toMatchObject({
      ready: true,
      checks: { vault: { ok: true }, postgres: { ok: true } },
    });
    expect(answer.status).toBe(200);
  });

  it('an API key is made by the command of the handbook, and the sidecar knows it', async () => {
    const { args, env } = orderOf('migrate');
    const stack = args.slice(args.indexOf('--stack'));
    const made = await cli(['api-keys', 'create', '--platform', ...stack, '--name', 'me'], { env });
    expect(made).toMatchObject({ code: 0 });
    const answer = await fetch(`http://127.0.0.1:${port}/admin/tenants/health`, {
      headers: { authorization: `Bearer ${made.stdout.trim()}` },
    });
    expect(answer.status).toBe(200);
  });

  it('the sidecar’s login is no superuser and bypasses no row-level security', async () => {
    const admin = createPostgresClient({ ...postgres, sslMode: 'disable', concurrency: 1 });
    const rows = await admin.query(
      "select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = 'tenantry_app'",
    );
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false }]);
    await admin.close();
  });
});
