/** Where the provider sends the person back to. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { requireIntegration } from '../stack/view.ts';
import { browserOf } from './browser.ts';
import { type Exchange, endFlow } from './end.ts';
import { finishFlow } from './finish.ts';
import { type CallbackKey, findFlow, takeFlow } from './flows.ts';
import { sendPage } from './page.ts';
import { codeOfWebhook } from './pending-code.ts';
import { waitingPage } from './result-page.ts';
import { integrationParam } from './schemas.ts';

/** Each provider adds parameters of its own; a repeated one is refused (RFC 6749 section 3.1). */
const query = z.record(z.string(), z.string().max(8192));

export function callbackRoutes(app: SidecarServer, context: SidecarContext): void {
  app.get(
    '/oauth/callback/:integration',
    {
      config: { access: 'public' },
      schema: {
        tags: ['connect'],
        operationId: 'completeFlow',
        summary: 'Redirect URL for providers',
        description:
          'Only the browser that began the flow, within 10 minutes, once. Answers with a redirect to the address of the flow, or a page; problem+json where Accept asks for JSON.',
        params: integrationParam,
        querystring: query,
      },
    },
    async (request, reply) => {
      const { integration } = request.params;
      const key: CallbackKey = {
        integration,
        state: stateFor(context, integration, request.query),
        browser: browserOf(request, context.settings),
      };
      return await answer(context, key, request.query, { request, reply });
    },
  );
}

/**
 * Undefined where the provider gives none back: by its catalog entry, or because GitHub only says that an owner was
 * asked to approve the app (setup_action=request), from which nothing follows. Else the state, were it the empty one.
 */
function stateFor(
  { stack }: SidecarContext,
  integration: string,
  given: Readonly<Record<string, string>>,
): string | undefined {
  const auth = stack.current().catalog.get(integration)?.auth;
  const isSilent = auth?.kind === 'oauth2' && !auth.returnsState;
  const isOnlyAsked = auth?.kind === 'github_app' && given['setup_action'] === 'request';
  return given['state'] ?? (isSilent || isOnlyAsked ? undefined : '');
}

async function answer(
  context: SidecarContext,
  key: CallbackKey,
  given: Readonly<Record<string, string>>,
  exchange: Exchange,
): Promise<FastifyReply> {
  const { database, settings, stack, now } = context;
  const added = new URLSearchParams(given);
  if (key.state === undefined && !['code', 'error', 'setup_action'].some((name) => added.has(name))) {
    const flow = await findFlow(database, key, now());
    const view = requireIntegration(stack.current(), flow.tenant, flow.integration);
    const code = await codeOfWebhook(context, view, added);
    if (code === undefined) {
      return sendPage(exchange.reply, waitingPage({ ...flow, name: view.entry.name }));
    }
    added.set('code', code);
  }
  const flow = await takeFlow(database, key, now());
  const view = requireIntegration(stack.current(), flow.tenant, flow.integration);
  const url = new URL(flow.redirectUri || settings.publicUrl);
  for (const [name, value] of added) url.searchParams.set(name, value);
  return await endFlow(context, { flow, view }, exchange, () =>
    finishFlow(context, flow, { state: key.state ?? '', url, requestId: exchange.request.id }),
  );
}
