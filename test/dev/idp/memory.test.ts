import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { isLoopbackRedirect } from '../../../src/dev/idp/clients.ts';
import { toLibraryScope, toVendorScopes } from '../../../src/dev/idp/scopes.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { openIdpStore } from '../../../src/dev/idp/store.ts';
import { askToken, codeOf, exchange, type Json, REDIRECT, refresh } from './browser.ts';

const root = mkdtempSync(join(tmpdir(), 'tenantry-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const HOUR_MS = 3_600_000;
const granted = async (idp: DevIdp, integration: string): Promise<Json> =>
  (await askToken(idp, integration, exchange(await codeOf(idp, integration)))).body;

describe('on the given clock', () => {
  it.each([
    ['jira', 1],
    ['slack', 12],
    ['github', 8],
  ])(
    'an access token of %s ends after %i h and its refresh token gives a new one',
    async (integration, hours) => {
      let ahead = 0;
      const idp = await startDevIdp({ integrations: [integration], now: () => Date.now() + ahead });
      try {
        const first = await granted(idp, integration);
        const isActive = async (token: unknown): Promise<boolean> =>
          (await idp.introspect(integration, String(token))).active;
        ahead = hours * HOUR_MS - 60_000;
        expect(await isActive(first.access_token)).toBe(true);
        ahead = hours * HOUR_MS + 60_000;
        expect(await isActive(first.access_token)).toBe(false);
        const second = await askToken(idp, integration, refresh(first.refresh_token));
        expect(await isActive(second.body.access_token)).toBe(true);
        ahead += 365 * 24 * HOUR_MS;
        expect(
          (await askToken(idp, integration, refresh(second.body.refresh_token))).body,
        ).not.toHaveProperty('access_token');
      } finally {
        await idp.close();
      }
    },
  );

  it('a code ends after a minute, and a token of Notion never', async () => {
    let ahead = 0;
    const idp = await startDevIdp({ integrations: ['notion'], now: () => Date.now() + ahead });
    try {
      const { access_token } = await granted(idp, 'notion');
      const code = await codeOf(idp, 'notion');
      ahead = 61_000;
      expect((await askToken(idp, 'notion', exchange(code))).body.error).toBe('invalid_grant');
      ahead = 20 * 365 * 24 * HOUR_MS;
      expect(await idp.introspect('notion', String(access_token))).toMatchObject({ active: true });
    } finally {
      await idp.close();
    }
  });
});

describe('a kept folder', () => {
  it('keeps apps, tokens and what has been used up over a restart', async () => {
    const options = { integrations: ['jira'], dataDir: join(root, 'kept') };
    const before = await startDevIdp(options);
    const app = before.registerClient('jira', {
      redirectUris: [REDIRECT],
      clientId: 'own',
      clientSecret: 'own-secret',
    });
    const first = await granted(before, 'jira');
    const second = (await askToken(before, 'jira', refresh(first.refresh_token))).body;
    await before.close();

    // A kill in the middle of a write leaves a torn line.
    appendFileSync(join(options.dataDir, 'idp.jsonl'), '{"key":"jira/Acc');
    const after = await startDevIdp(options);
    try {
      expect(after.clients).toEqual(before.clients);
      const own = await askToken(after, 'jira', {
        ...exchange('made-up'),
        client_id: app.clientId,
        client_secret: 'own-secret',
      });
      expect(own.body.error).toBe('invalid_grant');
      expect(await after.introspect('jira', String(second.access_token))).toMatchObject({ sub: 'acme' });
      const third = await askToken(after, 'jira', refresh(second.refresh_token));
      expect(third.body).toHaveProperty('access_token');
      expect((await askToken(after, 'jira', refresh(first.refresh_token))).status).toBe(403);
      expect(await after.introspect('jira', String(third.body.access_token))).toEqual({ active: false });
    } finally {
      await after.close();
    }
  });

  it('is readable by its owner only', async () => {
    const dataDir = join(root, 'private');
    await (await startDevIdp({ integrations: ['jira'], dataDir })).close();
    expect(statSync(join(dataDir, 'idp.jsonl')).mode & 0o077).toBe(0);
  });

  it('that cannot be written is refused with NotWritable', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    const start = startDevIdp({ integrations: ['jira'], dataDir: file });
    await expect(start).rejects.toMatchObject({ code: 'NotWritable' });
  });
});

describe('the store', () => {
  it('holds after a start what a map would hold of the kept entries', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.record({ key, value: fc.option(fc.nat(), { nil: undefined }), keep: fc.constant(true) });
    let run = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        run += 1;
        const dataDir = join(root, `store-${run}`);
        const model = new Map<string, unknown>();
        const store = openIdpStore(dataDir, () => false);
        for (const { key: name, value, keep } of steps) {
          if (value === undefined) store.delete(name);
          else store.set(name, { value }, keep);
          if (value === undefined) model.delete(name);
          else model.set(name, { value });
        }
        store.close();
        const again = openIdpStore(dataDir, () => false);
        expect(new Map(again.entries())).toEqual(model);
        again.close();
      }),
      { numRuns: 40 },
    );
  });

  it('forgets at a start what is dead or was for one run only', () => {
    const dataDir = join(root, 'dead');
    const store = openIdpStore(dataDir, () => false);
    store.set('kept', { exp: 1 }, true);
    store.set('dead', { exp: 0 }, true);
    store.set('passing', { exp: 1 }, false);
    store.close();
    const again = openIdpStore(dataDir, ({ exp }) => exp === 0);
    expect([...again.entries()]).toEqual([['kept', { exp: 1 }]]);
    again.close();
  });
});

describe('scopes', () => {
  it('come back from the library as the vendor had them', () => {
    const name = fc.oneof(
      fc.constantFrom('openid', 'offline_access', 'read:jira-work'),
      fc.stringMatching(/^[a-z:._]{1,12}$/),
    );
    const usable = name.filter((text) => !text.startsWith('vendor:'));
    fc.assert(
      fc.property(fc.uniqueArray(usable), fc.constantFrom(' ', ','), (names, separator) => {
        expect(toVendorScopes(toLibraryScope(names.join(separator)))).toEqual(names);
      }),
    );
  });
});

describe('a loopback redirect', () => {
  it.each([
    ['http://127.0.0.1:1234/cb?x=1', true],
    ['http://localhost/cb', true],
    ['http://[::1]:80/', true],
    ['https://localhost/cb', false],
    ['http://127.0.0.1.attacker.example/cb', false],
    ['http://localhost@attacker.example/', false],
    ['javascript:alert(1)', false],
    ['http://localhost/#x', false],
    ['nonsense', false],
  ])('%s: %s', (uri, allowed) => {
    expect(isLoopbackRedirect(uri)).toBe(allowed);
  });
});
