/** The fake Sentry: an integration is installed, and its code comes by the redirect, by a webhook, or by both. */
import { TenantryError } from '../../../errors.ts';
import { findClientRecord, registerClient } from '../clients.ts';
import { type Exchange, type Handler, redirect, sendPage } from '../exchange.ts';
import { readInstallChoice } from '../install-form.ts';
import { errorPage } from '../page.ts';
import type { Vendor } from '../vendor.ts';
import { type Delivery, deliverWebhook } from '../webhook.ts';
import { authorizations, SCOPES, verifyInstall } from './endpoints.ts';
import { type SentryInstallation, sentryStore } from './installations.ts';

export interface DevSentry {
  readonly slug: string;
  /** Where people are sent after installing (the integration's Redirect URL). */
  setCallbackUrl(url: string): void;
  /**
   * Where `installation.created` and `installation.deleted` go (the integration's Webhook URL). Default: nowhere.
   * `codeInRedirect` false leaves the code to the webhook alone. Default true.
   */
  setWebhook(url: string | undefined, options?: { readonly codeInRedirect?: boolean }): void;
  /** What was sent, the last first. */
  deliveries(): readonly Delivery[];
  installations(tenant: string): SentryInstallation | undefined;
  /** As if the organisation removed the integration; sends `installation.deleted`. */
  uninstall(installationId: string): Promise<Delivery | undefined>;
}

const SLUG = 'tenantry-dev';
const PLATFORM_CLIENT = 'dev-sentry';

/** Adds the integration to the fake Sentry. */
export function startSentry(vendor: Vendor): DevSentry {
  const { options, faults } = vendor;
  const { store, now, profile } = options;
  const installations = sentryStore(store, { accessTokenSeconds: profile.accessTokenSeconds, now });
  const sent: Delivery[] = [];
  const byTenant = new Map<string, string>();
  let webhookUrl: string | undefined;
  let codeInRedirect = true;

  const notify = async (
    action: 'created' | 'deleted',
    { uuid, organization, status, clientId }: SentryInstallation,
    code?: string,
  ): Promise<Delivery | undefined> => {
    if (webhookUrl === undefined) return undefined;
    const secret = findClientRecord(store, 'sentry', clientId)?.clientSecret ?? '';
    const delivery = await deliverWebhook(webhookUrl, {
      body: {
        action,
        actor: { id: 1, name: organization, type: 'user' },
        data: {
          installation: {
            app: { slug: SLUG, uuid: clientId },
            organization: { slug: organization },
            uuid,
            status,
            ...(code === undefined ? {} : { code }),
          },
        },
        installation: { uuid },
      },
      secret,
      headers: (signature, id) => ({
        'request-id': id.replaceAll('-', ''),
        'sentry-hook-resource': 'installation',
        'sentry-hook-signature': signature,
        'sentry-hook-timestamp': String(Math.floor(now() / 1000)),
      }),
    });
    sent.unshift(delivery);
    return delivery;
  };

  async function externalInstall(exchange: Exchange): Promise<void> {
    const { response } = exchange;
    const callback = findClientRecord(store, 'sentry', PLATFORM_CLIENT)?.redirectUris[0];
    if (callback === undefined) {
      const message = 'This integration has no redirect URL. Set one for it.';
      sendPage(response, 400, errorPage('sentry', message));
      return;
    }
    const choice = await readInstallChoice(exchange, { vendor: 'sentry', app: SLUG, choices: ['install'] });
    if (choice === undefined) return;
    const { installation, code } = installations.install(PLATFORM_CLIENT, choice.tenant);
    byTenant.set(choice.tenant, installation.uuid);
    // Sentry tells nobody when its webhook fails.
    await notify('created', installation, code).catch(() => undefined);
    const back = new URL(callback);
    if (codeInRedirect) back.searchParams.set('code', code);
    back.searchParams.set('installationId', installation.uuid);
    back.searchParams.set('orgSlug', choice.tenant);
    redirect(response, back);
  }

  const endpoints = { installations, store, faults };
  vendor.extension = {
    handlerOf(pathname, method): Handler | undefined {
      if (pathname === `/sentry-apps/${SLUG}/external-install/`) return externalInstall;
      const [, uuid, rest] =
        /^\/api\/0\/sentry-app-installations\/([^/]+)\/(authorizations\/)?$/.exec(pathname) ?? [];
      if (uuid === undefined) return undefined;
      if (rest === undefined) return (exchange) => verifyInstall(endpoints, exchange, uuid);
      return method === 'POST' ? (exchange) => authorizations(endpoints, exchange, uuid) : undefined;
    },
    introspect(token) {
      const owner = installations.owner(token);
      if (owner === undefined) return { active: false };
      const { organization: sub, clientId } = owner;
      return { active: true, sub, scope: SCOPES.join(' '), clientId };
    },
  };

  return {
    slug: SLUG,
    setCallbackUrl(url) {
      registerClient(store, 'sentry', { clientId: PLATFORM_CLIENT, redirectUris: [url] });
    },
    setWebhook(url, { codeInRedirect: inRedirect = true } = {}) {
      webhookUrl = url;
      codeInRedirect = inRedirect;
    },
    deliveries: () => sent,
    installations: (tenant) => installations.installation(byTenant.get(tenant) ?? ''),
    async uninstall(installationId) {
      const known = installations.installation(installationId);
      if (known === undefined)
        throw new TenantryError('InvalidUsage', `there is no installation ${installationId}`);
      installations.uninstall(installationId);
      return notify('deleted', known);
    },
  };
}
