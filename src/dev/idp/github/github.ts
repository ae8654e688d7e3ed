/** GitHub Apps of the fake GitHub: what tests and the embedded environment may do with them. */
import { TenantryError } from '../../../errors.ts';
import { findClientRecord } from '../clients.ts';
import { issueCode } from '../issue.ts';
import type { Vendor } from '../vendor.ts';
import { type Delivery, deliverWebhook } from '../webhook.ts';
import { githubAppRoute, shown } from './api.ts';
import { type GithubApp, githubAppStore, type Installation, type RegisterAppOptions } from './apps.ts';
import { handleInstallPage } from './install-page.ts';

export interface DevGithub {
  /** The platform's app; its OAuth client is `clients.github`. */
  readonly app: GithubApp;
  /** Registers another app, e.g. a tenant's own; its OAuth client must be registered. */
  registerApp(options: RegisterAppOptions): GithubApp;
  /** Where people are sent after installing. Default app: the platform's. */
  setCallbackUrl(url: string, app?: GithubApp): void;
  /** Of every app unless one is named. */
  installations(app?: GithubApp): readonly Installation[];
  /** An owner agrees to what a member asked for (`setup_action=request`). */
  approveRequest(tenant: string): Installation;
  /**
   * Does to an installation what the action says, and sends the signed webhook `installation` about it.
   * https://docs.github.com/webhooks/webhook-events-and-payloads#installation
   */
  sendWebhook(url: string, action: InstallationAction, installationId: number): Promise<Delivery>;
}

export type InstallationAction = 'created' | 'deleted' | 'suspend' | 'unsuspend';

const SLUG = 'tenantry-dev';
const PLATFORM_CLIENT = 'dev-github';

/** Adds the apps to the fake GitHub. */
export function startGithub(vendor: Vendor): DevGithub {
  const { provider, options, faults } = vendor;
  const { store, now } = options;
  const apps = githubAppStore(store, now);
  const requests = new Map<string, GithubApp>();
  // The key is made when it is first needed: it takes a tenth of a second.
  const platform = (): GithubApp => apps.app({ slug: SLUG, clientId: PLATFORM_CLIENT });
  const bySlug = (slug: string): GithubApp | undefined => (slug === SLUG ? platform() : apps.find({ slug }));

  const page = {
    apps,
    userCode: (app: GithubApp, user: string, redirectUri: string): Promise<string> =>
      issueCode({ provider, options }, { tenant: user, clientId: app.clientId, redirectUri }),
    requested: (app: GithubApp, user: string): void => {
      requests.set(user, app);
    },
  };

  vendor.extension = {
    handlerOf(pathname, method) {
      const slug = /^\/apps\/([\w-]+)\/installations\/new$/.exec(pathname)?.[1];
      const app = slug === undefined ? undefined : bySlug(slug);
      if (app !== undefined) return (exchange) => handleInstallPage(exchange, app, page);
      const route = githubAppRoute({ apps, provider, faults, now }, method, pathname);
      // The platform's app must be known before its token or JWT is looked at.
      if (route !== undefined) platform();
      return route;
    },
    introspect(value) {
      if (!value.startsWith('ghs_')) return undefined;
      const token = apps.token(value);
      const installation = token && apps.installation(token.installationId);
      if (token === undefined || installation === undefined) return { active: false };
      const scope = Object.entries(token.permissions).map(([name, level]) => `${name}:${level}`);
      return { active: true, sub: installation.account, scope: scope.join(' ') };
    },
  };

  const knownApp = (installation: Installation): GithubApp => {
    const app = apps.find({ appId: installation.appId });
    if (app !== undefined) return app;
    throw new TenantryError('InvalidUsage', `no app has installation ${installation.id}`);
  };

  return {
    get app() {
      return platform();
    },
    registerApp(wanted) {
      if (findClientRecord(store, 'github', wanted.clientId) === undefined && !wanted.redirectUris)
        throw new TenantryError('InvalidUsage', `register the OAuth client ${wanted.clientId} first`);
      return apps.app(wanted);
    },
    setCallbackUrl: (url, app = platform()) => apps.setCallbackUrl(app, url),
    installations: (app = platform()) => apps.installations(app),
    approveRequest(tenant) {
      const app = requests.get(tenant);
      if (app === undefined) throw new TenantryError('InvalidUsage', `${tenant} asked for no installation`);
      requests.delete(tenant);
      return apps.install(app, tenant).installation;
    },
    async sendWebhook(url, action, installationId) {
      const installation = apps.installation(installationId);
      if (installation === undefined)
        throw new TenantryError('InvalidUsage', `there is no installation ${installationId}`);
      const app = knownApp(installation);
      if (action === 'deleted') apps.uninstall(installationId);
      if (action === 'suspend' || action === 'unsuspend')
        apps.setSuspended(installationId, action === 'suspend');
      const after = apps.installation(installationId) ?? installation;
      return deliverWebhook(url, {
        body: { action, installation: shown(app, after), sender: { login: installation.by, type: 'User' } },
        secret: app.webhookSecret,
        headers: (signature, id) => ({
          'x-github-event': 'installation',
          'x-github-delivery': id,
          'x-github-hook-installation-target-id': app.appId,
          'x-github-hook-installation-target-type': 'integration',
          'x-hub-signature-256': `sha256=${signature}`,
          'user-agent': 'GitHub-Hookshot/dev',
        }),
      });
    },
  };
}
