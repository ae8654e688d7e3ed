/** credentials get-status, put and revoke: custody as the sidecar has it, from the command line. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectByLink } from '../../src/dev/browser.ts';
import { startDevVault } from '../../src/dev/vault/server.ts';
import type { Sidecar } from '../../src/sidecar/start.ts';
import { call, prepare, type SidecarWorld, startSidecarWorld } from '../support/sidecar-world.ts';
import { sql } from '../support/sql.ts';

let world: SidecarWorld;
let sidecar: Sidecar;
let keys: Awaited<ReturnType<typeof prepare>>;

beforeAll(async () => {
  world = await startSidecarWorld(() => startDevVault());
  keys = await prepare(world);
  sidecar = await world.start();
});
afterAll(() => world?.close());

async function connected(tenant: string, integration: string): Promise<void> {
  const { stdout } = await world.run(['connect', tenant, integration]);
  await connectByLink(stdout.trim(), tenant, AbortSignal.timeout(60_000));
}

const status = (tenant: string, integration: string): ReturnType<SidecarWorld['run']> =>
  world.run(['credentials', 'get-status', tenant, integration]);

async function tokenStatus(tenant: string, integration: string): Promise<number> {
  return (await call(sidecar, `/tenants/${tenant}/integrations/${integration}/token`, { key: keys.admin }))
    .status;
}

describe('get-status', () => {
  it('of what was never connected ends with 2 and says how to connect', async () => {
    expect(await status('acme', 'notion')).toEqual({
      code: 2,
      stdout: `acme/notion\n  state           missing\n  → connect: tenantry connect acme notion --stack ${world.dir}\n`,
      stderr: '',
    });
    const { code, json } = await world.json(['credentials', 'get-status', 'acme', 'notion']);
    expect({ code, json }).toEqual({
      code: 2,
      json: {
        ...{ tenant: 'acme', integration: 'notion', state: 'missing', hasCredentials: false },
        ...{ scopes: [], missingScopes: [] },
      },
    });
  });

  it('of a good one ends with 0, and tells its times and scopes and never the token', async () => {
    await connected('acme', 'linear');
    const { code, stdout, stderr } = await status('acme', 'linear');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.replaceAll(/\d{4}-\d\d-\S+Z/g, '<time>')).toBe(
      `acme/linear
  state           active
  since           <time>
  ends            <time>
  next refresh    <time>
  scopes          read
`,
    );
    const token = await call<{ accessToken: string }>(sidecar, '/tenants/acme/integrations/linear/token', {
      key: keys.app,
    });
    expect(stdout).not.toContain(token.json.accessToken);
  });

  it('of one that a person has to renew ends with 2, with the reason and the command', async () => {
    await sql(
      world.systems,
      `update tenantry.installations set credential_state = 'needs_reauthorization',
         reason_code = 'NeedsReauthorization', reason_message = 'invalid_grant'
       where tenant = 'acme' and integration = 'linear'`,
    );
    const { code, stdout } = await status('acme', 'linear');
    expect(code).toBe(2);
    expect(stdout).toContain('  state           needs re-authorization\n');
    expect(stdout).toContain('  reason          NeedsReauthorization: invalid_grant\n');
    expect(stdout).toContain(`\n  → connect: tenantry connect acme linear --stack ${world.dir}\n`);
    await connected('acme', 'linear');
    expect((await status('acme', 'linear')).code).toBe(0);
  });

  it.each([
    ['a tenant', ['acmee', 'linear'], 'did you mean "acme"?'],
    ['an integration', ['acme', 'liner'], 'did you mean "linear"?'],
  ])('of %s that is not in the documents says which is meant', async (_what, place, hint) => {
    const { code, stdout, stderr } = await world.run(['credentials', 'get-status', ...place]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(hint);
  });

  it('ends with 1 while Vault is away', async () => {
    world.systems.vaultProxy.fault = () => 'before';
    world.systems.vaultProxy.status = 400;
    const { code, stdout, stderr } = await status('acme', 'linear');
    world.systems.vaultProxy.fault = undefined;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Vault\w+: /);
  });
});

describe('put', () => {
  it('stores a token that the sidecar hands out at once', async () => {
    const { accessToken } = await world.idp.issue('notion', { tenant: 'acme', scopes: [] });
    const put = await world.run(['credentials', 'put', 'acme', 'notion'], { input: accessToken });
    expect(put).toMatchObject({ code: 0, stdout: expect.stringContaining('Stored acme/notion, version 1') });
    expect(await tokenStatus('acme', 'notion')).toBe(200);
    expect((await status('acme', 'notion')).stdout).toContain('ends            never');
  });
});

describe('revoke', () => {
  it('is confirmed by name where nobody sits at a terminal', async () => {
    const { code, stderr } = await world.run(['credentials', 'revoke', 'acme', 'linear']);
    expect(code).toBe(1);
    expect(stderr).toContain('ConfirmationRequired');
    expect(stderr).toContain('→ pass --confirm acme/linear');
    expect(await tokenStatus('acme', 'linear')).toBe(200);
    const wrong = await world.run(['credentials', 'revoke', 'acme', 'linear', '--confirm', 'acme']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('ConfirmationRequired: --confirm says another name; nothing was changed');
    expect(await tokenStatus('acme', 'linear')).toBe(200);
  });

  it('ends it here, at the provider, and in every sidecar that has it in memory', async () => {
    const { json } = await call<{ accessToken: string }>(sidecar, '/tenants/acme/integrations/linear/token', {
      key: keys.app,
    });
    const done = await world.run(['credentials', 'revoke', 'acme', 'linear', '--confirm', 'acme/linear']);
    expect(done).toEqual({
      code: 0,
      stdout: 'Revoked acme/linear. It was ended at the provider too.\n',
      stderr: '',
    });
    expect(await world.idp.introspect('linear', json.accessToken)).toMatchObject({ active: false });
    expect(await tokenStatus('acme', 'linear')).toBe(404);
    const after = await status('acme', 'linear');
    expect(after.stdout).toContain('  state           revoked\n');
    expect(after.code).toBe(2);
  });

  it('of what is not there says so, and is no failure', async () => {
    const again = ['credentials', 'revoke', 'acme', 'linear', '--confirm', 'acme/linear'];
    expect(await world.run(again)).toEqual({
      code: 0,
      stdout: 'There is no credential acme/linear; nothing to revoke.\n',
      stderr: '',
    });
    expect((await world.json(again)).json).toMatchObject({ ok: true, revoked: false });
  });

  it('as JSON tells when it was and what the provider said, also when the provider is away', async () => {
    world.idp.faults('notion').outage(true);
    const { code, json } = await world.json([
      ...['credentials', 'revoke', 'acme', 'notion', '--confirm', 'acme/notion'],
    ]);
    expect({ code, json }).toMatchObject({
      code: 0,
      json: { ok: true, revoked: true, revokedAt: expect.any(String), atProvider: 'failed' },
    });
    expect(await tokenStatus('acme', 'notion')).toBe(404);
  });
});
