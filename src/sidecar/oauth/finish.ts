/** Ends a flow: what the provider or the person gave is checked, stored and recorded. */
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import type { TokenSet } from '../providers/kind.ts';
import { type IntegrationView, requireIntegration } from '../stack/view.ts';
import { accountOf } from './account.ts';
import { hashOf } from './browser.ts';
import { type Flow, settleFlow } from './flows.ts';
import { requireSameAccount } from './same-account.ts';
import { decryptText } from './tenant-key.ts';

/**
 * Limit of a whole exchange, in milliseconds. It is not tied to the browser's request: a person who closes the window
 * must not lose a code that was redeemed already.
 */
const EXCHANGE_MS = 60_000;

export interface Callback {
  readonly state: string;
  /** The callback URL with what the provider added. */
  readonly url: URL;
  readonly requestId: string;
}

/** Redeems the code of a flow that was taken. The flow is settled either way. */
export async function finishFlow(context: SidecarContext, flow: Flow, callback: Callback): Promise<void> {
  await settle(context, flow, callback.requestId, async (signal) => {
    const view = requireIntegration(context.stack.current(), flow.tenant, flow.integration);
    const { kind, context: provider } = await context.providers.of(view, {}, { signal });
    requireSameApp(flow, provider.app.clientId);
    const verifier = await decryptText(context.vault, flow.tenant, flow.verifier, { signal });
    const { redirectUri, scopes } = flow;
    const request = { callback: callback.url, state: callback.state, redirectUri, verifier, scopes };
    const tokens = await kind.finish?.(provider, request);
    if (tokens) {
      const app = provider.app.clientId;
      await store(context, { view, tokens, flow, app, requestId: callback.requestId, signal });
    }
  });
}

/** Stores what a person typed in, or what an app without people is given. The flow is settled either way. */
export async function finishForm(
  context: SidecarContext,
  flow: Flow,
  made: Pick<Storing, 'view' | 'tokens' | 'app' | 'requestId'>,
): Promise<void> {
  await settle(context, flow, made.requestId, (signal) => store(context, { ...made, flow, signal }));
}

/** The code belongs to the app that the person agreed to: no other one's secret is sent with it. */
function requireSameApp({ app, integration }: Flow, clientId: string): void {
  if (app === undefined || app.equals(hashOf(clientId))) return;
  throw new TenantryError(
    'StateInvalid',
    `the app of ${integration} was changed while it was being connected`,
    {
      hint: 'begin to connect again',
    },
  );
}

async function settle(
  context: SidecarContext,
  flow: Flow,
  requestId: string,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const signal = AbortSignal.timeout(EXCHANGE_MS);
  try {
    await work(signal);
  } catch (thrown) {
    const error = signal.aborted ? tooSlow(flow, thrown) : asTenantryError(thrown);
    await recordFailure(context, flow, requestId, error);
    throw error;
  }
  await settleFlow(context.database, flow);
}

function tooSlow({ integration }: Flow, cause: unknown): TenantryError {
  return new TenantryError('ProviderUnavailable', `connecting ${integration} took longer than a minute`, {
    cause,
    hint: 'connect again a little later',
  });
}

interface Storing {
  readonly view: IntegrationView;
  readonly tokens: TokenSet;
  /** Client id of the app that got them; empty where there is none. */
  readonly app: string;
  readonly flow: Flow;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

async function store(context: SidecarContext, storing: Storing): Promise<void> {
  const { view, tokens, app, flow, requestId, signal } = storing;
  for (const secret of Object.values(tokens.secrets)) context.redactor.add(secret);
  const place = { tenant: flow.tenant, integration: flow.integration };
  await requireSameAccount(context.database, place, accountOf(view.entry, tokens.facts), { signal });
  await context.tokens.put(place, tokens, { id: flow.actor, requestId }, { app, signal });
  const access = { ...place, action: 'connect', actor: flow.actor, requestId, outcome: 'ok' } as const;
  await context.accessLog.record(access);
}

async function recordFailure(
  context: SidecarContext,
  flow: Flow,
  requestId: string,
  error: TenantryError,
): Promise<void> {
  const { tenant, integration, actor } = flow;
  const access = { tenant, integration, action: 'connect', actor, requestId, outcome: error.code } as const;
  // The person is told of what went wrong first, not of what went wrong while it was written down.
  const kept = await Promise.allSettled([
    context.accessLog.record(access),
    settleFlow(context.database, flow, error.code),
  ]);
  for (const each of kept) {
    if (each.status === 'rejected')
      context.log.warn({ err: each.reason }, 'the end of a flow was not recorded');
  }
}
