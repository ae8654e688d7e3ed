/** Signing in by the ways there are, sessions that end, and coming back to where one was. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../../src/client/index.ts';
import { answer, expectFit, openAs, problem } from '../support/ui-answers.ts';
import { signIn, startUiWorld, type UiWorld } from '../support/ui-world.ts';

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld();
});
afterAll(() => ui?.close());

const signInPage = (page: Page) => page.getByRole('heading', { name: 'Sign in to Tenantry' });

const WAYS: Schema<'SignInMethods'> = { apiKey: true, oidc: null, open: false };

describe('a session', () => {
  it('that ends shows the sign-in page, and comes back to the same address', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/usage?show=calls');
    await page.getByRole('heading', { name: 'Usage by day' }).waitFor();
    await page.context().clearCookies();
    await page.getByLabel('Days').selectOption('7');
    await signInPage(page).waitFor();
    await page.getByText('Your session has ended. Sign in again to go on where you were.').waitFor();
    await expectFit(page);
    expect(await page.content()).not.toContain('Rows this month');
    await signIn(page, ui.keys.admin);
    await page.getByRole('heading', { name: 'Usage by day' }).waitFor();
    expect(await page.getByLabel('Show').inputValue()).toBe('calls');
    expect(new URL(page.url()).pathname).toBe('/ui/tenants/acme/usage');
    expect(complaints).toEqual([]);
  });

  it('that ends while something is changed says so too', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/api-keys');
    await page.getByLabel('What the key is for').fill('nobody');
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByText('Your session has ended.').waitFor();
  });

  it('that is ended in one tab is over in the others', async () => {
    const { page } = await openAs(ui, ui.keys.admin);
    const other = await page.context().newPage();
    await other.goto(`${ui.sidecar.url}/ui/tenants`);
    await other.getByText('2 tenants').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signInPage(page).waitFor();
    await signInPage(other).waitFor();
    expect(await other.content()).not.toContain('globex');
  });

  it('of another person in another tab shows nothing of the first', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants');
    await page.getByText('2 tenants').waitFor();
    const other = await page.context().newPage();
    await other.goto(`${ui.sidecar.url}/ui/`);
    await other.getByRole('button', { name: 'Sign out' }).click();
    await signIn(other, ui.keys.app);
    await page.getByText('1 tenant', { exact: true }).waitFor();
    expect(await page.content()).not.toContain('globex');
  });

  it('that cannot be ended now is said to live on', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/', {
      prepare: (made) =>
        answer(made, '/session', (_url, method) =>
          method === 'DELETE' ? problem(503, 'PostgresUnavailable', 'the database is away') : 'real',
        ),
    });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('alert').getByText('You are still signed in. The database is away.').waitFor();
  });
});

describe('the sign-in page', () => {
  it('offers an identity provider where there is one, which comes back to this address', async () => {
    const { page } = await ui.open('/health');
    await answer(page, '/session/methods', {
      json: { ...WAYS, oidc: { name: 'Example', url: `${ui.sidecar.url}/session/oidc/start` } },
    });
    await page.goto(`${ui.sidecar.url}/ui/tenants?state=failing`);
    const link = page.getByRole('link', { name: 'Sign in with Example' });
    await link.waitFor();
    const address = new URL((await link.getAttribute('href')) ?? '');
    expect(address.origin + address.pathname).toBe(`${ui.sidecar.url}/session/oidc/start`);
    expect(address.searchParams.get('return_to')).toBe('/ui/tenants?state=failing');
    await expectFit(page);
  });

  it('leads to no other place, whatever it is told', async () => {
    const { page } = await ui.open('/health');
    await answer(page, '/session/methods', {
      json: { ...WAYS, oidc: { name: 'Example', url: 'https://elsewhere.example/start' } },
    });
    await page.goto(`${ui.sidecar.url}/ui/`);
    const link = page.getByRole('link', { name: 'Sign in with Example' });
    expect(await link.getAttribute('href')).toBe('/ui/');
  });

  it.each([
    ['Forbidden', 'Your account has no role here yet.'],
    ['StateInvalid', 'Sign in again, in this browser.'],
    ['<img src=x onerror=alert(1)>', 'The sign-in did not succeed.'],
  ])('says what went wrong at the identity provider: %s', async (code, words) => {
    const { page } = await ui.open(`/ui/?sign_in_error=${encodeURIComponent(code)}`);
    await page.getByRole('alert').getByText(words).waitFor();
    // Said once: not again after a reload.
    expect(new URL(page.url()).search).toBe('');
    await page.reload();
    await signInPage(page).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('asks for no key in the development environment, until one signs out', async () => {
    const { page } = await ui.open('/health');
    const session = await page.context().request.post(`${ui.sidecar.url}/session`, {
      headers: { authorization: `Bearer ${ui.keys.admin}` },
    });
    const who: unknown = await session.json();
    const cookies = await page.context().cookies();
    await page.context().clearCookies();
    await answer(page, '/session/methods', { json: { ...WAYS, open: true } });
    await page.route('**/session/open', async (route) => {
      await page.context().addCookies(cookies);
      await route.fulfill({ status: 201, contentType: 'application/json', body: JSON.stringify(who) });
    });
    await page.goto(`${ui.sidecar.url}/ui/`);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Open Tenantry' }).waitFor();
    await expectFit(page);
  });
});
