/** Answers of the sidecar that a test of a page makes up, and a person who has signed in already. */
import type { BrowserContextOptions, Page, Route } from 'playwright-core';
import { expect } from 'vitest';
import type { Schema } from '../../src/client/index.ts';
import { call } from './sidecar-world.ts';
import { expectAccessible, type UiPage, type UiWorld } from './ui-world.ts';

export interface MadeUp {
  readonly status?: number;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Answer = MadeUp | 'away' | ((url: URL, method: string) => MadeUp | 'away' | 'real');

/** Answers calls of this path instead of the sidecar; the newest of a path counts. */
export async function answer(page: Page, path: string, given: Answer): Promise<void> {
  await page.route(
    (url) => url.pathname === path,
    async (route) => {
      const request = route.request();
      const made = typeof given === 'function' ? given(new URL(request.url()), request.method()) : given;
      await fulfil(route, made);
    },
  );
}

async function fulfil(route: Route, made: MadeUp | 'away' | 'real'): Promise<void> {
  if (made === 'real') return await route.fallback();
  if (made === 'away') return await route.abort('connectionrefused');
  const { status = 200, json, headers } = made;
  await route.fulfill({
    status,
    headers: {
      'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
      ...headers,
    },
    body: json === undefined ? '' : JSON.stringify(json),
  });
}

/** An error as the sidecar sends it. */
export function problem(
  status: number,
  code: Schema<'ErrorCode'>,
  detail: string,
  more: { readonly hint?: string; readonly retryAfter?: number } = {},
): MadeUp {
  const { hint, retryAfter } = more;
  return {
    status,
    json: {
      type: `https://tenantry.dev/errors/${code}`,
      title: code,
      ...{ status, code, detail, hint, retryable: retryAfter !== undefined, requestId: 'request-of-a-test' },
    },
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  };
}

/** Opens a page as somebody who has signed in before. */
export async function openAs(
  ui: UiWorld,
  key: string,
  path = '/ui/',
  { prepare, ...options }: BrowserContextOptions & { readonly prepare?: (page: Page) => Promise<void> } = {},
): Promise<UiPage> {
  const opened = await ui.open('/health', options);
  const { page } = opened;
  const session = await page.context().request.post(`${ui.sidecar.url}/session`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(session.status(), await session.text()).toBe(201);
  await prepare?.(page);
  await page.goto(`${ui.sidecar.url}${path}`);
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  return opened;
}

/** Stores a credential of the development provider, as if a person had connected. */
export async function connectTenant(ui: UiWorld, tenant: string, integration: string): Promise<void> {
  const { accessToken, refreshToken, expiresAt } = await ui.world.idp.issue(integration, { tenant });
  // A token that does not end is said to end in a very long time.
  const expiresIn = Math.min(315_360_000, Math.floor((expiresAt - Date.now()) / 1000));
  const stored = await call(ui.sidecar, `/tenants/${tenant}/integrations/${integration}/credentials`, {
    key: ui.keys.admin,
    method: 'POST',
    body: { accessToken, ...(refreshToken !== undefined && { refreshToken }), expiresIn },
  });
  expect(stored.status, stored.text).toBe(200);
}

/** An API key of a tenant with this role. */
export async function keyWithRole(
  ui: UiWorld,
  tenant: string,
  role: 'tenant-admin' | 'app' | 'viewer',
): Promise<string> {
  const made = await call<{ key: string }>(ui.sidecar, `/tenants/${tenant}/api-keys`, {
    key: ui.keys.admin,
    method: 'POST',
    body: { name: `of a test, ${role}`, role },
  });
  expect(made.status, made.text).toBe(201);
  return made.json.key;
}

/** In light and dark colours, on a wide and on a narrow screen: accessible, and nothing hangs out of the page. */
export async function expectFit(page: Page): Promise<void> {
  const before = page.viewportSize() ?? { width: 1280, height: 720 };
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expectAccessible(page);
  }
  await page.setViewportSize({ width: 360, height: 740 });
  await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
  await expectAccessible(page);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  await page.setViewportSize(before);
}

/** Goes on with Tab until the focus is on what has this name. */
export async function tabTo(page: Page, name: string, most = 40): Promise<void> {
  for (let step = 0; step < most; step++) {
    await page.keyboard.press('Tab');
    if ((await focusedName(page)) === name) return;
  }
  throw new Error(`the keyboard does not get to "${name}"`);
}

const FOCUSED = `(() => {
  const focused = document.activeElement;
  const first = focused.getAttribute('aria-labelledby')?.split(' ')[0];
  const label = focused.labels?.[0] ?? document.getElementById(first ?? '') ?? focused;
  return focused.getAttribute('aria-label') ?? label.textContent.trim();
})()`;

/** Name of what has the focus, as far as a test needs it. */
export function focusedName(page: Page): Promise<string> {
  return page.evaluate(FOCUSED);
}
