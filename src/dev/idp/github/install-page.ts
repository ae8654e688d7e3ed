/** The page on which a person installs a GitHub App, and the way back from it. */
import { type Exchange, redirect, sendPage } from '../exchange.ts';
import { readInstallChoice } from '../install-form.ts';
import { errorPage } from '../page.ts';
import type { GithubApp, GithubAppStore } from './apps.ts';

export interface InstallPageOptions {
  readonly apps: GithubAppStore;
  /** Makes the code of "Request user authorization (OAuth) during installation". */
  readonly userCode: (app: GithubApp, user: string, redirectUri: string) => Promise<string>;
  readonly requested: (app: GithubApp, user: string) => void;
}

/** https://docs.github.com/apps/sharing-github-apps/sharing-your-github-app: `/apps/{slug}/installations/new?state=`. */
export async function handleInstallPage(
  exchange: Exchange,
  app: GithubApp,
  options: InstallPageOptions,
): Promise<void> {
  const { response, query } = exchange;
  const callback = options.apps.callbackUrl(app);
  if (callback === undefined) {
    const message = 'This app has no callback URL. Register one for it.';
    sendPage(response, 400, errorPage('github', message));
    return;
  }
  const page = { vendor: 'github', app: app.slug, choices: ['install', 'request'] } as const;
  const choice = await readInstallChoice(exchange, page);
  if (choice === undefined) return;
  const { tenant, decision } = choice;
  const back = new URL(callback);
  back.searchParams.set('code', await options.userCode(app, tenant, callback));
  if (decision === 'install') {
    const { installation, isNew } = options.apps.install(app, tenant);
    back.searchParams.set('installation_id', String(installation.id));
    back.searchParams.set('setup_action', isNew ? 'install' : 'update');
  } else {
    options.requested(app, tenant);
    back.searchParams.set('setup_action', 'request');
  }
  const state = query.get('state');
  if (state !== null) back.searchParams.set('state', state);
  redirect(response, back);
}
