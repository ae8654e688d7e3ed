import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { resolveSettings } from '../../../src/clients/settings.ts';
import { TenantryError } from '../../../src/errors.ts';
import { type CredentialsOptions, watchCredentials } from '../../../src/operator/poll/credentials.ts';
import { Redactor } from '../../../src/redact.ts';
import { tellChanged } from '../../../src/sidecar/tokens/notices.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { documentsOf, platformYaml } from '../../support/world.ts';

let made: SidecarDatabase;
let env: Record<string, string>;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  made = await startSidecarDatabase();
  const { host, port, database, user, password } = made.postgres;
  env = {
    VAULT_ADDR: 'http://127.0.0.1:9',
    VAULT_TOKEN: 'none',
    AIRBYTE_URL: 'http://127.0.0.1:9',
    AIRBYTE_CLIENT_ID: 'none',
    AIRBYTE_CLIENT_SECRET: 'none',
    PGHOST: host,
    PGPORT: String(port),
    PGDATABASE: database,
    PGUSER: user,
    PGPASSWORD: password,
    PGSSLMODE: 'disable',
    TENANTRY_PGUSER: made.settings.user,
    TENANTRY_PGPASSWORD: made.settings.password,
  };
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await made.admin.query('delete from tenantry.installations');
});
afterAll(() => made?.close());

async function row(tenant: string, integration: string, fields: Record<string, string> = {}): Promise<void> {
  const all = { tenant, integration, status: 'active', credential_state: 'active', ...fields };
  const values = Object.values(all);
  await made.admin.query(
    `insert into tenantry.installations (${Object.keys(all).join(', ')})
     values (${values.map((_each, index) => `$${index + 1}`).join(', ')})`,
    values,
  );
}

async function watch(more: Partial<CredentialsOptions> = {}) {
  const notices: (string | undefined)[] = [];
  const lines: string[] = [];
  const line = (facts: { readonly err: Error }, text: string): number =>
    lines.push(`${text}: ${facts.err.name}`);
  const stop = new AbortController();
  const { platform } = (await documentsOf(platformYaml())).documents;
  const options: CredentialsOptions = {
    platform,
    env,
    backends: {
      vault: {} as CredentialsOptions['backends']['vault'],
      redactor: new Redactor(),
      settings: resolveSettings(platform, env),
    },
    log: { info: line, warn: line } as unknown as CredentialsOptions['log'],
    signal: stop.signal,
    onNotice: (tenant) => notices.push(tenant),
    sleep: async () => undefined,
    random: () => 0,
    ...more,
  };
  const credentials = await watchCredentials(options);
  ends.push(async () => {
    stop.abort();
    await credentials.close();
  });
  return { credentials, notices, lines, stop };
}

describe('what the sidecar says of credentials', () => {
  it('is read for the tenants that are asked for, by tenant and integration', async () => {
    await row('acme', 'notion', { scopes: '{read,write}' });
    await row('acme', 'linear', {
      credential_state: 'needs_reauthorization',
      expires_at: '2026-03-01T12:00:00.9Z',
      last_refreshed_at: '2026-03-01T11:00:00Z',
    });
    await row('globex', 'notion', { credential_state: 'expired' });
    const { credentials } = await watch();
    expect(Object.fromEntries(await credentials.of(['acme']))).toEqual({
      'acme/notion': { state: 'Ready', scopes: ['read', 'write'] },
      'acme/linear': {
        state: 'NeedsReauthorization',
        expiresAt: '2026-03-01T12:00:00Z',
        lastRefreshTime: '2026-03-01T11:00:00Z',
      },
    });
    expect((await credentials.of(['globex', 'nobody'])).get('globex/notion')).toEqual({ state: 'Expired' });
  });

  it('is about the live credential where older ones were revoked, and else about the newest', async () => {
    const revoked = { status: 'revoked', credential_state: 'revoked', scopes: '{read}' };
    await row('acme', 'notion', { ...revoked, revoked_at: '2026-01-01T00:00:00Z' });
    await row('acme', 'notion');
    await row('acme', 'notion', { ...revoked, revoked_at: '2026-02-01T00:00:00Z' });
    await row('acme', 'linear', { ...revoked, revoked_at: '2026-01-01T00:00:00Z' });
    const { credentials } = await watch();
    expect(Object.fromEntries(await credentials.of(['acme']))).toEqual({
      'acme/notion': { state: 'Ready' },
      'acme/linear': { state: 'Revoked' },
    });
  });
});

describe('a notice of the sidecar', () => {
  it('names the tenant', async () => {
    const { notices } = await watch();
    await tellChanged(made.database, { tenant: 'acme', integration: 'notion' });
    await vi.waitFor(() => expect(notices).toEqual(['acme']));
  });

  it('that may have been missed concerns everybody, and later ones arrive', async () => {
    const { notices, credentials } = await watch();
    await made.cutConnections();
    await vi.waitFor(() => expect(notices).toEqual([undefined, undefined]), 10_000);
    await tellChanged(made.newDatabase(), { tenant: 'globex', integration: 'notion' });
    await vi.waitFor(() => expect(notices.at(-1)).toBe('globex'));
    expect(await credentials.of(['acme'])).toEqual(new Map());
  });

  it('does not arrive after the end', async () => {
    const { notices, stop } = await watch();
    stop.abort();
    await tellChanged(made.newDatabase(), { tenant: 'acme', integration: 'notion' });
    for (const end of ends.splice(0)) await end();
    expect(notices).toEqual([]);
  });
});

describe('a login that does not work', () => {
  it('for want of settings leaves the polls alone', async () => {
    const { TENANTRY_PGPASSWORD: _gone, ...less } = env;
    const { credentials, lines } = await watch({ env: less });
    expect(await credentials.of(['acme'])).toEqual(new Map());
    expect(lines).toEqual(['no login of the sidecar’s is known: credentials are polled: MissingSetting']);
  });

  it('at the start is tried again until it does, and then everybody is looked at', async () => {
    await row('acme', 'notion');
    const { platform } = (
      await documentsOf(
        platformYaml('test', {
          sidecar: {
            database: { user: made.settings.user, password: '${VAULT:secret/data/sidecar:password}' },
          },
        }),
      )
    ).documents;
    let sealed = true;
    const vault = {
      kvMount: 'secret',
      transitMount: 'transit',
      read: async () => {
        if (sealed) throw new TenantryError('VaultSealed', 'sealed');
        return { data: { password: made.settings.password } };
      },
    } as unknown as CredentialsOptions['backends']['vault'];
    const gate = Promise.withResolvers<void>();
    const { credentials, lines } = await watch({
      platform,
      backends: { vault, redactor: new Redactor(), settings: resolveSettings(platform, env) },
      sleep: () => gate.promise,
    });
    expect(await credentials.of(['acme'])).toEqual(new Map());
    expect(lines).toEqual(['the sidecar’s tables cannot be read: credentials are polled: VaultSealed']);
    sealed = false;
    gate.resolve();
    await vi.waitFor(async () => expect((await credentials.of(['acme'])).size).toBe(1));
  });

  it('later, because the password was changed, is made anew with the one of now', async () => {
    await row('acme', 'notion');
    const changing = { ...env };
    const { credentials, notices, lines } = await watch({ env: changing });
    expect((await credentials.of(['acme'])).size).toBe(1);
    const setPassword = (password: string): Promise<unknown> =>
      made.admin.query(`alter role ${made.settings.user} password '${password}'`);
    try {
      await setPassword('another-password');
      await made.cutConnections();
      await vi.waitFor(async () => expect((await credentials.of(['acme'])).size).toBe(0));
      changing['TENANTRY_PGPASSWORD'] = 'another-password';
      await vi.waitFor(async () => expect((await credentials.of(['acme'])).size).toBe(1), 10_000);
      expect(notices).toContain(undefined);
      // Each trouble once: the connection was cut, and then the password was wrong.
      expect(lines.length).toBeGreaterThan(0);
      expect(new Set(lines).size).toBe(lines.length);
    } finally {
      await setPassword(made.settings.password);
    }
  });
});
