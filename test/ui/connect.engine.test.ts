/** The connect wizard: a person, a popup at the provider, and everything that can go wrong between them. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/sidecar-world.ts';
import { expectAccessible, signIn, startUiWorld, type UiPage, type UiWorld } from '../support/ui-world.ts';
import { integrationYaml } from '../support/world.ts';

/** A service with a key, as a platform adds one of its own. */
const KEYED = `
id: weather
name: Weather
category: other
docs: https://docs.example.com/api
auth:
  kind: api_key
  label: Secret key
`;

const ROLED = `
id: cloud
name: Cloud
category: other
docs: https://docs.example.com/cloud
auth:
  kind: aws_role
  stsUrl: https://sts.amazonaws.com
`;

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld({
    env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'of-nobody-anywhere' },
    async stack(dir) {
      await mkdir(join(dir, 'integrations'));
      await writeFile(join(dir, 'integrations', 'weather.yaml'), KEYED);
      await writeFile(join(dir, 'integrations', 'cloud.yaml'), ROLED);
      await writeFile(
        join(dir, 'integrations', 'forged.yaml'),
        KEYED.replace(/^(id|name): \w+/gm, '$1: forged'),
      );
      const more = [
        integrationYaml('acme', 'weather'),
        integrationYaml('acme', 'cloud'),
        integrationYaml('acme', 'forged'),
        integrationYaml('globex', 'sentry', { config: { organization: 'globex', project: 'shop' } }),
      ];
      await writeFile(join(dir, 'tenants', 'more.yaml'), more.join(''));
    },
  });
});
afterAll(() => ui?.close());

async function open(place: string, options: BrowserContextOptions = {}): Promise<UiPage> {
  const opened = await ui.open(`/ui/tenants/${place.replace('/', '/connect/')}`, options);
  await signIn(opened.page, ui.keys.admin);
  return opened;
}

/** A test that is tried once more finds connected what it connected before. */
const button = (page: Page, name: string) =>
  page.getByRole('button', { name: new RegExp(`^${name}( again)?$`) });

/** Presses the button and gives the window that opens for it. */
async function begin(page: Page, name: string): Promise<Page> {
  const [popup] = await Promise.all([page.waitForEvent('popup'), button(page, name).click()]);
  return popup;
}

async function agree(popup: Page, account: string): Promise<void> {
  await popup.getByLabel('Tenant').fill(account);
  await popup.getByRole('button', { name: 'Continue' }).click();
}

async function connect(page: Page, name: string, account: string): Promise<void> {
  await agree(await begin(page, name), account);
}

const alert = (page: Page, text: string) => page.getByRole('alert').filter({ hasText: text });
const done = (page: Page, name: string, tenant: string) =>
  page.getByRole('heading', { name: `${name} is connected to ${tenant}` });

describe('connecting at the provider', () => {
  it('tells what it is about, asks in a window, and shows the first rows', async () => {
    const { page, complaints } = await open('acme/notion');
    await page.getByRole('heading', { name: 'What is read' }).waitFor();
    await page.getByText('databases', { exact: true }).waitFor();
    await expectAccessible(page);
    const popup = await begin(page, 'Connect Notion');
    await page.getByText('Agree in the window that opened').waitFor();
    await expectAccessible(page);
    const closed = popup.waitForEvent('close');
    await agree(popup, 'acme');
    await closed;
    await done(page, 'Notion', 'acme').waitFor();
    await page.getByRole('table', { name: 'First rows of users' }).getByRole('row').nth(1).waitFor();
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.reload();
    await page.getByText('Notion is connected. Connecting again').waitFor();
  });

  it('says that access was denied, and connects when the person agrees after all', async () => {
    const { page } = await open('globex/notion');
    const popup = await begin(page, 'Connect Notion');
    const closed = popup.waitForEvent('close');
    await popup.getByRole('button', { name: 'Deny' }).click();
    await closed;
    await alert(page, 'Access was not granted').waitFor();
    await page.getByText('Code: ConnectDenied').waitFor();
    await expectAccessible(page);
    await connect(page, 'Connect Notion', 'globex');
    await done(page, 'Notion', 'globex').waitFor();
  });

  it('keeps the account that is connected when another is chosen, and lets the person change it', async () => {
    await disconnected('acme/linear');
    const { page } = await open('acme/linear');
    await connect(page, 'Connect Linear', 'acme');
    await done(page, 'Linear', 'acme').waitFor();
    await page.reload();
    await connect(page, 'Connect Linear', 'somebody-else');
    await alert(page, 'This is another account').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Disconnect Linear' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disconnect' }).click();
    await connect(page, 'Connect Linear', 'somebody-else');
    await done(page, 'Linear', 'acme').waitFor();
  });

  it('says that the provider does not answer, and goes on when it does', async () => {
    const { page } = await open('globex/linear');
    const popup = await begin(page, 'Connect Linear');
    await popup.getByLabel('Tenant').waitFor();
    ui.world.idp.faults('linear').failNext(5, 503);
    await agree(popup, 'globex');
    await alert(page, 'Linear does not answer').waitFor();
    ui.world.idp.faults('linear').reset();
    await connect(page, 'Connect Linear', 'globex');
    await done(page, 'Linear', 'globex').waitFor();
  });

  it('asks again for what a document added, and names it', async () => {
    await withScopes('acme', undefined);
    await disconnected('acme/slack');
    const { page } = await open('acme/slack');
    await connect(page, 'Connect Slack', 'acme');
    await done(page, 'Slack', 'acme').waitFor();
    await withScopes('acme', ['channels:history', 'channels:read', 'users:read', 'team:read']);
    await page.reload();
    await page.getByText('no longer enough').waitFor();
    await page.getByRole('listitem').filter({ hasText: 'team:read' }).getByText('new').waitFor();
    await expectAccessible(page);
    await connect(page, 'Agree at Slack', 'acme');
    await done(page, 'Slack', 'acme').waitFor();
  });

  it('says that there is no app, and how to bring one', async () => {
    const { page } = await open('globex/sentry');
    await alert(page, 'There is no app to connect with').waitFor();
    await page.getByText(`${ui.sidecar.url}/oauth/callback/sentry`).waitFor();
    await page.getByRole('textbox', { name: 'Client id' }).waitFor();
    await page.getByText('Keep it in git instead').click();
    await page.getByText('VAULT:secret/data/globex/sentry-app:client_secret').waitFor();
    await expectAccessible(page);
    expect(await page.getByRole('button', { name: 'Connect Sentry' }).count()).toBe(0);
  });
});

/** Scopes in the document of the tenant’s Slack. Undefined: those of the catalog. */
async function withScopes(tenant: string, scopes: readonly string[] | undefined): Promise<void> {
  const file = join(ui.world.dir, 'tenants', 'all.yaml');
  const text = await readFile(file, 'utf8');
  const own = new RegExp(`(metadata: \\{ name: ${tenant}-slack \\}\\nspec: \\{)("scopes":[^\\]]*\\],)?`);
  expect(text).toMatch(own);
  await writeFile(file, text.replace(own, scopes ? `$1"scopes":${JSON.stringify(scopes)},` : '$1'));
  await ui.sidecar.reload();
}

/** Nothing is connected there, whatever a test before has done. */
async function disconnected(place: string): Promise<void> {
  const path = `/tenants/${place.replace('/', '/integrations/')}/credentials`;
  const { status } = await call(ui.sidecar, path, { method: 'DELETE', key: ui.keys.admin });
  expect([200, 404]).toContain(status);
}

describe('the window', () => {
  it('was closed by the person: says so and opens again', async () => {
    const { page } = await open('globex/slack');
    const popup = await begin(page, 'Connect Slack');
    await popup.getByLabel('Tenant').waitFor();
    await popup.close();
    await alert(page, 'The window of Slack was closed').waitFor();
    await expectAccessible(page);
    await connect(page, 'Open Slack again', 'globex');
    await done(page, 'Slack', 'globex').waitFor();
  });

  it('was blocked: offers this tab, and comes back to the first rows', async () => {
    const { page } = await open('globex/notion');
    await page.evaluate('window.open = () => null');
    await button(page, 'Connect Notion').click();
    await alert(page, 'Your browser blocked the window').waitFor();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Continue in this tab' }).click();
    await agree(page, 'globex');
    await done(page, 'Notion', 'globex').waitFor();
    expect(new URL(page.url()).pathname).toBe('/ui/tenants/globex/connect/notion');
  });

  it('comes back to this tab with a refusal, too', async () => {
    const { page } = await open('globex/notion');
    await page.evaluate('window.open = () => null');
    await button(page, 'Connect Notion').click();
    await page.getByRole('link', { name: 'Continue in this tab' }).click();
    await page.getByRole('button', { name: 'Deny' }).click();
    await alert(page, 'Access was not granted').waitFor();
  });

  it('was cut off by the provider: the end is found without it', async () => {
    const { page } = await open('globex/slack');
    await page.context().route(`${ui.world.idp.url}/**`, async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      const headers = { ...response.headers(), 'cross-origin-opener-policy': 'same-origin' };
      await route.fulfill({ response, headers });
    });
    const [popup] = await Promise.all([
      page.context().waitForEvent('page'),
      button(page, 'Connect Slack').click(),
    ]);
    await popup.getByLabel('Tenant').waitFor();
    expect(await popup.evaluate('window.opener')).toBeNull();
    await alert(page, 'has cut it off').waitFor();
    await agree(popup, 'globex');
    await popup.getByRole('heading', { name: 'Slack is connected' }).waitFor();
    await done(page, 'Slack', 'globex').waitFor();
  });

  it('believes no message but that of the window, and that only as a reason to ask', async () => {
    const { page } = await open('globex/slack');
    const popup = await begin(page, 'Connect Slack');
    await popup.getByLabel('Tenant').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const forged = `{type: 'oauth_complete', integration: 'slack', status: 'connected'}`;
    await page.evaluate(`window.postMessage(${forged}, '*')`);
    await popup.evaluate(`window.opener.postMessage(${forged}, '*')`);
    await expect
      .poll(() => asked.filter((url) => url.includes('/oauth/flows/')).length, { timeout: 10_000 })
      .toBeGreaterThan(1);
    await page.getByText('Agree in the window that opened').waitFor();
    expect(await done(page, 'Slack', 'globex').count()).toBe(0);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => popup.isClosed()).toBe(true);
    await button(page, 'Connect Slack').waitFor();
  });

  it('took longer than ten minutes: says so', async () => {
    const { page } = await open('globex/slack');
    const popup = await begin(page, 'Connect Slack');
    await popup.getByLabel('Tenant').waitFor();
    ui.world.clock.now += 11 * 60_000;
    await alert(page, 'That took too long').waitFor();
    await page.getByText('Code: StateInvalid').waitFor();
  });
});

describe('a form', () => {
  it('tells a mistake at its field and keeps nothing of what was typed', async () => {
    const { page, complaints } = await open('acme/weather');
    const key = page.getByLabel('Secret key');
    await page.getByRole('button', { name: 'Connect Weather' }).click();
    await page.locator('.react-aria-FieldError').waitFor();
    await expectAccessible(page);
    await key.fill('not one ⚡ key');
    await page.keyboard.press('Enter');
    await page.locator('.react-aria-FieldError').getByText('characters that it cannot have').waitFor();
    expect(await key.getAttribute('type')).toBe('password');
    await key.fill('  wk_0123456789abcdef  ');
    await page.keyboard.press('Enter');
    await done(page, 'Weather', 'acme').waitFor();
    expect(await page.content()).not.toContain('wk_0123456789abcdef');
    await expectAccessible(page);
    expect(complaints).toEqual([]);
  });

  it('says that the provider refuses what was entered, and takes it again', async () => {
    const { page } = await open('acme/weather');
    const refused = {
      status: 409,
      contentType: 'application/problem+json',
      json: {
        code: 'NeedsReauthorization',
        detail: 'Weather refuses the credential (401)',
        retryable: false,
      },
    };
    await page.route('**/integrations/weather/preview', (route) => route.fulfill(refused));
    await page.getByLabel('Secret key').fill('wk_mistyped');
    await page.keyboard.press('Enter');
    await alert(page, 'Weather does not accept it').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Give it again' }).click();
    await page.getByLabel('Secret key').waitFor();
  });

  it('shows what AWS must be told, with an external id that is the tenant’s own', async () => {
    const { page } = await open('acme/cloud');
    await page.getByText(/sts:ExternalId \S{10,}/).waitFor();
    await page.getByLabel('ARN of the role').fill('arn:aws:iam::123456789012:user/somebody');
    await page.keyboard.press('Enter');
    const mistake = page.locator('.react-aria-FieldError');
    await mistake.getByText('copy it from IAM: arn:aws:iam::123456789012:role/name').waitFor();
    await expectAccessible(page);
  });
});

describe('the wizard', () => {
  it('is used by the keyboard alone, on a narrow dark screen up to the first rows', async () => {
    const { page } = await open('globex/slack', {
      colorScheme: 'dark',
      viewport: { width: 360, height: 740 },
    });
    const starts = button(page, 'Connect Slack');
    await starts.waitFor();
    for (let presses = 0; presses < 20; presses += 1) {
      if ((await starts.and(page.locator(':focus')).count()) > 0) break;
      await page.keyboard.press('Tab');
    }
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.keyboard.press('Enter')]);
    await popup.getByLabel('Tenant').waitFor();
    await popup.keyboard.type('globex');
    await popup.keyboard.press('Enter');
    const title = done(page, 'Slack', 'globex');
    await title.waitFor();
    await title.and(page.locator(':focus')).waitFor();
    await page
      .getByRole('table', { name: /^First rows/ })
      .getByRole('row')
      .nth(1)
      .waitFor();
    await expectAccessible(page);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  });

  it.each(['light', 'dark'] as const)(
    'is readable in the %s colours on a narrow screen',
    async (colorScheme) => {
      const { page } = await open('acme/notion', { colorScheme, viewport: { width: 360, height: 740 } });
      await page.getByRole('heading', { name: 'What is read' }).waitFor();
      await expectAccessible(page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    },
  );

  it('says what to do where no document has the integration', async () => {
    const { page } = await open('acme/jira');
    await page.getByRole('alert').getByText('no document connects acme to jira').waitFor();
  });

  it('believes no address that says how it ended', async () => {
    const { page, complaints } = await ui.open(
      '/ui/tenants/acme/connect/forged?integration=forged&status=connected',
    );
    await signIn(page, ui.keys.admin);
    await page.getByRole('button', { name: 'Connect forged' }).waitFor();
    expect(await done(page, 'forged', 'acme').count()).toBe(0);
    const script = encodeURIComponent('<img src=x onerror=alert(1)>');
    await page.goto(
      `${ui.sidecar.url}/ui/tenants/acme/connect/forged?integration=forged&status=failed&error=${script}`,
    );
    await alert(page, 'Not connected').waitFor();
    expect(await page.getByRole('main').textContent()).not.toContain('onerror');
    expect(complaints).toEqual([]);
  });

  it('serves a tenant’s own caller for that tenant alone', async () => {
    const { page } = await ui.open('/ui/tenants/acme/connect/forged');
    await signIn(page, ui.keys.app);
    await page.getByRole('button', { name: 'Connect forged' }).waitFor();
    await page.goto(`${ui.sidecar.url}/ui/tenants/globex/connect/notion`);
    await page.getByRole('alert').getByText('may not act for tenant').waitFor();
    expect(await page.getByRole('button', { name: /Connect/ }).count()).toBe(0);
  });

  it('lets a person choose, those first that wait', async () => {
    const { page } = await ui.open('/ui/tenants/acme/connect');
    await signIn(page, ui.keys.admin);

    await page.getByRole('link', { name: 'Notion' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Notion' }).click();
    await page.getByRole('heading', { name: 'Connect Notion to acme' }).waitFor();
  });
});
