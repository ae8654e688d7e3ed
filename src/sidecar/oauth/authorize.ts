/** Routes where connecting begins: an authorization URL for an application, a redirect for a browser, a connect link. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { callerOf } from '../callers/authentication.ts';
import { tenantOf } from '../callers/caller.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { type IntegrationView, requireIntegration } from '../stack/view.ts';
import { beginFlow } from './begin.ts';
import { bindBrowser, FLOW_SECONDS, isCrossSite } from './browser.ts';
import { connectStyleOf } from './connect-style.ts';
import { makeLink } from './links.ts';
import { sendOn } from './page.ts';
import { NO_STORE } from './request.ts';
import { openersOf, requireOpener, requireReturn, returnsOf } from './return-address.ts';
import { integrationParam, openerOrigin, redirectUri, tenantName } from './schemas.ts';

const query = z.object({
  redirect_uri: redirectUri.optional(),
  opener_origin: openerOrigin.optional(),
  tenant: tenantName
    .optional()
    .describe('For which of the caller’s tenants. Default: the header X-Tenantry-Tenant, else the only one.'),
});

const authorizeAnswer = z
  .object({
    authorizationUrl: z
      .url()
      .describe(
        'Where the person’s browser goes. For a session: the provider. For other callers, whose person has a browser that is not known yet: a page of ours with one button, good for one use and 10 minutes.',
      ),
    state: z.string().describe('State of the flow (RFC 6749 section 4.1.1), to tell flows apart.'),
    flow: z.uuid().describe('Id of the flow: GET /oauth/flows/{id} tells how it goes.'),
  })
  .meta({ id: 'BegunFlow', description: 'A flow that was begun.' });

export function authorizeRoutes(app: SidecarServer, context: SidecarContext): void {
  const access = { permission: 'credentials.write' } as const;
  app.get(
    '/oauth/authorize/:integration',
    {
      config: { access },
      schema: {
        tags: ['connect'],
        operationId: 'beginFlow',
        summary: 'Begin to connect an integration',
        params: integrationParam,
        querystring: query,
        response: { 200: authorizeAnswer },
      },
    },
    async (request, reply) => {
      const asked = askedFor(context, request.params.integration, request.query, request);
      void reply.headers(NO_STORE);
      // A link's page is where the browser gets its cookie, and where the form of a key is.
      return asked.isBrowser && asked.style === 'redirect'
        ? await straight(context, asked, request, reply)
        : await byLink(context, asked);
    },
  );
  app.get(
    '/oauth/install/:integration',
    {
      config: { access },
      schema: {
        tags: ['connect'],
        operationId: 'openProvider',
        summary: 'Begin to connect an integration, in a browser: redirects to the provider',
        description:
          'For a session’s browser. A navigation from another site, another kind of caller and an integration with a form are sent to the page of a connect link first.',
        params: integrationParam,
        querystring: query,
        response: { 303: z.null().describe('To the provider, or to the page of a connect link.') },
      },
    },
    async (request, reply) => {
      const asked = askedFor(context, request.params.integration, request.query, request);
      // Another site may send a person here without their will; at some providers no click would be left.
      const isDirect = asked.isBrowser && asked.style === 'redirect' && !isCrossSite(request);
      const begun = isDirect ? await straight(context, asked, request, reply) : await byLink(context, asked);
      return sendOn(reply, begun.authorizationUrl, { keepOpener: asked.openerOrigin !== undefined });
    },
  );
}

interface Asked {
  readonly view: IntegrationView;
  readonly style: ReturnType<typeof connectStyleOf>;
  readonly isBrowser: boolean;
  readonly actor: string;
  readonly returnTo: string | undefined;
  readonly openerOrigin: string | undefined;
}

function askedFor(
  { stack, settings }: SidecarContext,
  integration: string,
  asked: z.output<typeof query>,
  request: FastifyRequest,
): Asked {
  const caller = callerOf(request);
  const header = request.headers['x-tenantry-tenant'];
  const named = asked.tenant ?? (typeof header === 'string' ? header : undefined);
  const view = requireIntegration(stack.current(), tenantOf(caller, named), integration);
  return {
    view,
    style: connectStyleOf(view.entry),
    isBrowser: caller.kind === 'session',
    actor: caller.id,
    ...whereTo(settings, asked.redirect_uri, asked.opener_origin),
  };
}

/** Both checked against their lists. @throws RedirectNotAllowed */
export function whereTo(
  settings: SidecarContext['settings'],
  returnTo: string | undefined,
  opener: string | undefined,
): { readonly returnTo: string | undefined; readonly openerOrigin: string | undefined } {
  if (returnTo !== undefined && opener !== undefined) {
    throw new TenantryError(
      'InvalidRequest',
      'give an address to return to or the origin of an opener, not both',
    );
  }
  return {
    returnTo: returnTo === undefined ? undefined : requireReturn(returnTo, returnsOf(settings)),
    openerOrigin: opener === undefined ? undefined : requireOpener(opener, openersOf(settings)),
  };
}

type Answer = z.output<typeof authorizeAnswer>;

async function straight(
  context: SidecarContext,
  asked: Asked,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Answer> {
  const browser = bindBrowser(request, reply, context.settings);
  const begun = await beginFlow(context, { ...asked, browser });
  return { authorizationUrl: begun.authorizationUrl.href, state: begun.state, flow: begun.flow };
}

async function byLink(context: SidecarContext, asked: Asked): Promise<Answer> {
  const { view, ...link } = asked;
  const place = { tenant: view.tenant.metadata.name, integration: view.entry.id };
  const { url, state, flow } = await makeLink(context, { ...link, ...place, seconds: FLOW_SECONDS });
  return { authorizationUrl: url, state, flow };
}
