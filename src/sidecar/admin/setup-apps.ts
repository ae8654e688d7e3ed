/** Questions of the check list about what providers must know of us: addresses, OAuth apps, webhooks. */
import { OidcClient } from '../callers/oidc/client.ts';
import type { SidecarContext } from '../context.ts';
import { connectStyleOf } from '../oauth/connect-style.ts';
import { redirectUriOf } from '../providers/providers.ts';
import { isLoopback } from '../settings.ts';
import { type IntegrationView, requireIntegration, type StackView } from '../stack/view.ts';
import type { Question, SetupCheck } from './setup-check.ts';

export function addressQuestion({ settings }: SidecarContext): Question {
  const line = { id: 'address-public', group: 'address', title: 'Public address' } as const;
  return { ...line, ask: async () => [{ ...line, ...addressState(settings.publicUrl) }] };
}

function addressState(publicUrl: string): Pick<SetupCheck, 'state' | 'detail' | 'remedy'> {
  const { protocol, hostname } = new URL(publicUrl);
  const isLocal = isLoopback(hostname);
  if (protocol === 'https:' && !isLocal) return { state: 'ok', detail: publicUrl, remedy: null };
  if (isLocal) {
    const remedy = 'Set spec.sidecar.url to the https:// address that people and providers use.';
    return { state: 'warning', detail: `${publicUrl}: good for development on this machine only.`, remedy };
  }
  const remedy =
    'Put TLS in front and set spec.sidecar.url to the https:// address: without it nobody can sign in.';
  return { state: 'failed', detail: `${publicUrl} is not encrypted.`, remedy };
}

/** Nothing where people sign in with API keys alone. */
export function signInQuestions(context: SidecarContext): Question[] {
  const { oidc } = context.settings.spec;
  if (!oidc) return [];
  const line = { id: 'address-sign-in', group: 'address', title: `Sign-in with ${oidc.name}` } as const;
  return [
    {
      ...line,
      async ask() {
        const client = new OidcClient(oidc, context);
        await client.check();
        const detail = `The issuer answers. Redirect URL to register there: ${client.redirectUri}`;
        return [{ ...line, state: 'ok', detail, remedy: null }];
      },
    },
  ];
}

/** One line for each app that the documents use: the platform's once, each tenant's own. */
export function appQuestions(context: SidecarContext): Question[] {
  const view = context.stack.current();
  return appsInUse(view).map(({ id, title, of }) => {
    const line = { id, group: 'apps', title } as const;
    return {
      ...line,
      async ask(signal) {
        await context.providers.of(of, {}, { signal });
        const to = connectStyleOf(of.entry) === 'redirect' ? redirectOf(context, of) : undefined;
        const detail = to === undefined ? 'Set.' : `Set. Redirect URL to register at ${of.entry.name}: ${to}`;
        return [{ ...line, state: 'ok', detail, remedy: null }];
      },
    };
  });
}

interface AppInUse {
  readonly id: string;
  readonly title: string;
  readonly of: IntegrationView;
}

/** Own apps beyond this are not looked at: each is a read of Vault. */
const MOST_OWN_APPS = 50;

function appsInUse(view: StackView): AppInUse[] {
  const found = new Map<string, AppInUse>();
  let own = 0;
  for (const { spec } of view.documents.integrations) {
    const kind = view.catalog.get(spec.integration)?.auth.kind;
    if (kind === undefined || kind === 'api_key' || kind === 'basic') continue;
    if (spec.app && ++own > MOST_OWN_APPS) continue;
    const id = spec.app ? `app-${spec.tenant}-${spec.integration}` : `app-${spec.integration}`;
    if (found.has(id)) continue;
    const of = { ...requireIntegration(view, spec.tenant, spec.integration), isShared: true };
    const title = spec.app ? `Own app of ${spec.tenant} at ${of.entry.name}` : `App at ${of.entry.name}`;
    found.set(id, { id, title, of });
  }
  return [...found.values()];
}

function redirectOf({ settings, env }: SidecarContext, of: IntegrationView): string {
  return redirectUriOf(of, settings, env ?? process.env);
}

/** One line for each service that sends webhooks and is in use. */
export function webhookQuestions(context: SidecarContext): Question[] {
  const view = context.stack.current();
  const used = new Set(view.documents.integrations.map(({ spec }) => spec.integration));
  return [...used].flatMap((id): Question[] => {
    const entry = view.catalog.get(id);
    const document = view.documents.integrations.find(({ spec }) => spec.integration === id);
    if (!entry?.webhook || !document) return [];
    const { secret } = entry.webhook;
    const line = { id: `webhook-${id}`, group: 'webhooks', title: `Webhooks of ${entry.name}` } as const;
    const address = `${context.settings.publicUrl}/webhooks/${id}`;
    return [
      {
        ...line,
        async ask(signal) {
          const of = { ...requireIntegration(view, document.spec.tenant, id), isShared: true };
          const { app } =
            secret === 'subscription' ? {} : (await context.providers.of(of, {}, { signal })).context;
          const lacks = secret === 'app' && app?.webhookSecret === undefined;
          return [{ ...line, ...webhookState(address, { lacks, id }) }];
        },
      },
    ];
  });
}

function webhookState(
  address: string,
  { lacks, id }: { readonly lacks: boolean; readonly id: string },
): Pick<SetupCheck, 'state' | 'detail' | 'remedy'> {
  if (lacks) {
    const remedy = `Set webhookSecret in spec.apps.${id} of the Platform; deliveries cannot be verified without it.`;
    return { state: 'warning', detail: `${address}: there is no secret yet.`, remedy };
  }
  if (isLoopback(new URL(address).hostname)) {
    const remedy =
      'Nothing to do in development. Else set spec.sidecar.url to an address that providers reach.';
    return { state: 'warning', detail: `${address} cannot be reached by providers.`, remedy };
  }
  return { state: 'ok', detail: `Address to register: ${address}`, remedy: null };
}
