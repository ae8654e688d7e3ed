/** Sign-in by OpenID Connect in a real browser, at a real provider, and back to the page that was asked for. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCOUNT, CLIENT, startProvider, type TestProvider } from '../sidecar/callers/oidc/provider.ts';
import { expectAccessible, startUiWorld, type UiPage, type UiWorld } from '../support/ui-world.ts';

let provider: TestProvider;
let ui: UiWorld;

beforeAll(async () => {
  provider = await startProvider();
  provider.accounts['ada'] = { role: 'admin' };
  ui = await startUiWorld({
    env: { OIDC_SECRET: CLIENT.secret },
    async stack(dir) {
      const file = join(dir, 'platform.yaml');
      const oidc = {
        name: 'Acme Login',
        issuer: provider.url,
        clientId: CLIENT.id,
        clientSecret: '${ENV:OIDC_SECRET}',
        roleClaim: 'role',
      };
      const text = await readFile(file, 'utf8');
      // `spec` is JSON in one line.
      await writeFile(file, text.replace('spec: {', `spec: {"sidecar":${JSON.stringify({ oidc })},`));
    },
  });
});
afterAll(async () => {
  await ui?.close();
  await provider?.close();
});

async function openAs(account: string, path?: string): Promise<UiPage> {
  return await ui.open(path, { extraHTTPHeaders: { [ACCOUNT]: account } });
}

describe('sign-in at an identity provider', () => {
  it('is one click, ends on the page that was asked for, and leaves nothing in it', async () => {
    const { page, complaints } = await openAs('ada', '/ui/tenants?search=glob');
    const button = page.getByRole('link', { name: 'Sign in with Acme Login' });
    await button.waitFor();
    await expectAccessible(page);
    await button.click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    expect(page.url()).toBe(`${ui.sidecar.url}/ui/tenants?search=glob`);
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')).toBe(
      '[{},{},""]',
    );
    expect(complaints).toEqual([]);
  });

  it('says in words why it came to nothing', async () => {
    for (const [account, words] of [
      ['nobody-here', 'no role'],
      ['-', 'not allowed'],
    ] as const) {
      const { page } = await openAs(account);
      await page.getByRole('link', { name: 'Sign in with Acme Login' }).click();
      await page.getByRole('alert').getByText(words).waitFor();
      await expectAccessible(page);
    }
  });

  it('signs nobody in whom another page sends the callback to', async () => {
    const { page } = await openAs('ada');
    await page.goto(`${ui.sidecar.url}/session/oidc/callback?code=stolen&state=${'a'.repeat(43)}`);
    await page.getByRole('alert').getByText('another browser').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in to Tenantry' }).waitFor();
  });
});
