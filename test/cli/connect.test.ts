/** connect: a link for a person, and what became of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectByLink } from '../../src/dev/browser.ts';
import { startDevVault } from '../../src/dev/vault/server.ts';
import type { Sidecar } from '../../src/sidecar/start.ts';
import type { CliResult, ErrorDocument } from '../support/cli.ts';
import { prepare, type SidecarWorld, startSidecarWorld } from '../support/sidecar-world.ts';
import { sql } from '../support/sql.ts';
import { integrationYaml, tenantYaml } from '../support/world.ts';

let world: SidecarWorld;
let sidecar: Sidecar;

beforeAll(async () => {
  world = await startSidecarWorld(() => startDevVault());
});
afterAll(() => world?.close());

const signal = AbortSignal.timeout(120_000);

/** The command rounds it up to a second. */
const SHORT = ['--expires-in-hours', '0.00003'];

describe('before everything is there', () => {
  it('says of a tenant that was not applied what to do first', async () => {
    const { code, stdout, stderr } = await world.run(['connect', 'acme', 'linear']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Blocked: this stack has not applied tenant acme yet');
    expect(stderr).toContain(`→ first run \`tenantry apply --tenant acme --stack ${world.dir}\``);
  });

  it('says of tables that are not there what to do, in text and as JSON', async () => {
    await world.run(['apply', '--yes']);
    for (const args of [
      ['connect', 'acme', 'linear'],
      ['api-keys', 'list'],
      ['credentials', 'get-status', 'acme', 'linear'],
    ]) {
      expect(await world.run(args), args.join(' ')).toEqual({
        code: 1,
        stdout: '',
        stderr: `Blocked: the sidecar’s tables are not there yet\n  → run \`tenantry migrate --stack ${world.dir}\`\n`,
      });
    }
    const { json } = await world.json<ErrorDocument>(['connect', 'acme', 'linear']);
    expect(json).toMatchObject({ ok: false, error: { code: 'Blocked', retryable: false } });
  });

  it('says the same of tables of an older version, and of a login with another password', async () => {
    await prepare(world);
    const [newest] = await sql<{ id: number; name: string; run_on: Date }>(
      world.systems,
      'delete from tenantry.migrations where id = (select max(id) from tenantry.migrations) returning *',
    );
    await sql(world.systems, 'alter table tenantry.connect_links rename column flow to later');
    expect((await world.run(['connect', 'acme', 'linear'])).stderr).toContain(
      'the sidecar’s tables are of an older Tenantry',
    );
    await sql(world.systems, 'alter table tenantry.connect_links rename column later to flow');
    await sql(world.systems, 'insert into tenantry.migrations (id, name, run_on) values ($1, $2, $3)', [
      newest?.id,
      newest?.name,
      newest?.run_on,
    ]);
    const env = { TENANTRY_PGPASSWORD: 'another-password-than-it-has' };
    const { stderr } = await world.run(['connect', 'acme', 'linear'], { env });
    expect(stderr).toMatch(
      /^PostgresUnauthorized: .*\n {2}→ check spec\.sidecar\.database .*TENANTRY_PGPASSWORD/,
    );
    expect(stderr).not.toContain(env.TENANTRY_PGPASSWORD);
    sidecar = await world.start();
  });
});

describe('a link', () => {
  it('is one line on standard output and opens the page of the sidecar; no browser is started', async () => {
    const { code, stdout, stderr } = await world.run(['connect', 'acme', 'linear']);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^For acme to connect linear; good for one use until \d{4}-\S+Z\. Whoever has it can connect\.\n$/,
      ),
    });
    expect(stdout).toMatch(new RegExp(`^${sidecar.url}/connect/[A-Za-z0-9_-]{43}\\n$`));
    const page = await fetch(stdout.trim());
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Connect Linear to acme');
  });

  it('is told to programs with its end, and to nobody else', async () => {
    const { code, json } = await world.json<Record<string, string>>([
      'connect',
      ...['globex', 'linear', '--expires-in-hours', '72'],
    ]);
    expect({ code, json }).toEqual({
      code: 0,
      json: {
        ok: true,
        tenant: 'globex',
        integration: 'linear',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        url: expect.stringContaining('/connect/'),
        expiresAt: expect.any(String),
      },
    });
    const hours = (Date.parse(json['expiresAt'] ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(71.9);
    const rows = await sql<{ row: string }>(
      world.systems,
      'select connect_links::text as row from tenantry.connect_links',
    );
    const secret = (json['url'] ?? '').split('/').at(-1) ?? '';
    expect(rows.map(({ row }) => row).join('\n')).not.toContain(secret);
  });
});

describe('--wait', () => {
  /** Runs the command until its link is shown, lets somebody use the link, and waits for the end. */
  async function waiting(args: readonly string[], use: (link: string) => Promise<void>): Promise<CliResult> {
    const shown = Promise.withResolvers<string>();
    const onText = (text: string): void => {
      const link = /^http\S+$/m.exec(text)?.[0];
      if (link) shown.resolve(link);
    };
    const run = world.run(['connect', ...args, '--wait'], { onErr: onText, onOut: onText });
    run.then(({ stderr }) => shown.reject(new Error(stderr)), shown.reject);
    await use(await shown.promise);
    return await run;
  }

  it('ends when the person has connected', async () => {
    const { code, stdout, stderr } = await waiting(['acme', 'linear'], (link) =>
      connectByLink(link, 'acme', signal),
    );
    expect({ code, lines: stdout.split('\n').length }).toEqual({ code: 0, lines: 2 });
    expect(stderr).toMatch(/\nacme is connected to linear\.\n$/);
  });

  it('shows a program’s person the link on standard error, and ends with one document', async () => {
    const { code, stdout } = await waiting(['globex', 'linear', '--output', 'json'], (link) =>
      connectByLink(link, 'globex', signal),
    );
    expect({ code, json: JSON.parse(stdout) as unknown }).toMatchObject({
      code: 0,
      json: { ok: true, tenant: 'globex', integration: 'linear', status: 'complete' },
    });
  });

  it('ends with the reason when the person refuses', async () => {
    const { code, stderr } = await waiting(['acme', 'notion'], (link) =>
      connectByLink(link, 'acme', signal, 'deny').catch(() => undefined),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /\nConnectDenied: not connected: access was denied at the provider\n {2}→ connect again and agree at the provider\n$/,
    );
  });

  it('ends with the reason when another tenant has the account', async () => {
    const { code, stderr } = await waiting(['globex', 'linear'], (link) =>
      connectByLink(link, 'acme', signal).catch(() => undefined),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /\nAccountMismatch: not connected: another tenant has connected this account already\n/,
    );
  });

  it('ends when the link has expired, with the command for another one', async () => {
    const args = ['acme', 'slack', ...SHORT];
    const { code, stderr } = await waiting(args, async () => undefined);
    expect(code).toBe(1);
    expect(stderr).toContain('StateInvalid: not connected: the link has expired, and nobody used it');
    expect(stderr).toContain(`→ make a new link: tenantry connect acme slack --stack ${world.dir}`);
    const json = await waiting([...args, '--output', 'json'], async () => undefined);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, error: { code: 'StateInvalid' } });
  });

  it('is given up with Ctrl-C, and the link stays good', async () => {
    const stop = new AbortController();
    let link = '';
    const shown = (text: string): void => {
      link ||= /^http\S+$/m.exec(text)?.[0] ?? '';
      if (link) stop.abort();
    };
    const run = await world.run(['connect', 'acme', 'slack', '--wait'], { stop: stop.signal, onOut: shown });
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /\nCancelled: nobody has connected yet\n {2}→ the link stays good until \d{4}-\S+Z\n$/,
      ),
    });
    expect((await fetch(link)).status).toBe(200);
  });
});

describe('wrong input', () => {
  it.each([
    ['a tenant', ['acmee', 'linear'], 'there is no tenant "acmee" in this stack', 'did you mean "acme"?'],
    ['an integration', ['acme', 'liner'], 'did you mean "linear"?', 'acme has linear, notion, slack'],
    [
      'an integration of the catalog',
      ['acme', 'github'],
      'no document connects acme to "github"',
      'acme has',
    ],
    ['a life of nothing', ['acme', 'linear', '--expires-in-hours', '0'], 'above 0 and at most 168', '--help'],
    ['a life of years', ['acme', 'linear', '--expires-in-hours', '9999'], 'at most 168', '--help'],
    [
      'a return address',
      ['acme', 'linear', '--redirect-uri', 'https://attacker.example/'],
      'RedirectNotAllowed',
      'spec.sidecar.redirectUris',
    ],
  ])('%s is told with the next step', async (_what, args, message, hint) => {
    const { code, stdout, stderr } = await world.run(['connect', ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  it('without the address of the sidecar there is no link', async () => {
    const { code, stdout, stderr } = await world.run(['connect', 'acme', 'linear'], {
      env: { TENANTRY_URL: '' },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^MissingSetting: spec\.sidecar\.url is not set \(TENANTRY_URL\)/);
  });

  it('a tenant that was added and not applied is refused', async () => {
    const file = join(world.dir, 'tenants', 'new.yaml');
    await writeFile(file, tenantYaml('initech') + integrationYaml('initech', 'linear'));
    expect((await world.run(['connect', 'initech', 'linear'])).stderr).toContain(
      'tenantry apply --tenant initech',
    );
  });
});
