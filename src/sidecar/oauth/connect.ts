/** The page of a connect link: shown any number of times, used once. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import type { TokenSet } from '../providers/kind.ts';
import { type IntegrationView, requireIntegration, scopesOf } from '../stack/view.ts';
import { beginFlow } from './begin.ts';
import { bindBrowser, browserOf, formToken, isFormToken, isHttps } from './browser.ts';
import { type ConnectPage, connectPage, PROOF_FIELD } from './connect-page.ts';
import { endFlow } from './end.ts';
import { finishForm } from './finish.ts';
import { type Flow, insertFlow } from './flows.ts';
import { consumeLink, findLink, type Link, stateOfLink } from './links.ts';
import { sendOn, sendPage } from './page.ts';

const params = z.object({
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .describe('The link’s secret.'),
});
const form = z.record(z.string().max(64), z.string().max(16_384)).nullish();

export function connectRoutes(app: SidecarServer, context: SidecarContext): void {
  app.get(
    '/connect/:token',
    {
      config: { access: 'public' },
      schema: {
        tags: ['connect'],
        operationId: 'showConnectPage',
        summary: 'The page of a connect link',
        description: 'HTML. To look at it uses nothing up: programs that preview links do no harm.',
        params,
      },
    },
    async (request, reply) => {
      const opened = await open(context, request.params.token);
      const browser = bindBrowser(request, reply, context.settings);
      return show(context, reply, opened, { proof: formToken(browser, request.params.token) });
    },
  );
  app.post(
    '/connect/:token',
    {
      config: { access: 'public' },
      schema: {
        tags: ['connect'],
        operationId: 'submitConnectPage',
        summary:
          'The button of a connect link: binds the browser, uses the link up, and goes on to the provider',
        params,
        body: form,
      },
    },
    async (request, reply) => {
      const { token } = request.params;
      const typed = request.body ?? {};
      const browser = provenBrowser(request, context, token, typed[PROOF_FIELD]);
      const opened = await open(context, token);
      if (opened.style !== 'redirect')
        return await take(context, { opened, token, browser, typed }, request, reply);
      const { link, view } = opened;
      bindBrowser(request, reply, context.settings);
      const begun = await beginFlow(context, {
        ...link,
        view,
        browser,
        link: { ...link, state: stateOfLink(token) },
      });
      return sendOn(reply, begun.authorizationUrl.href, { keepOpener: link.openerOrigin !== undefined });
    },
  );
}

interface Opened extends Pick<ConnectPage, 'style' | 'fields'> {
  readonly link: Link;
  readonly view: IntegrationView;
  /** Client id of the app that is used; empty where there is none. */
  readonly app: string;
  readonly fromForm: (typed: Readonly<Record<string, string>>) => Promise<TokenSet>;
}

async function open(context: SidecarContext, token: string): Promise<Opened> {
  const link = await findLink(context.database, token, context.now());
  const view = requireIntegration(context.stack.current(), link.tenant, link.integration);
  const { kind, context: provider } = await context.providers.of(view);
  return {
    link,
    view,
    style: kind.style,
    app: provider.app.clientId,
    fields: kind.form?.(provider) ?? [],
    async fromForm(typed) {
      if (kind.fromForm) return await kind.fromForm(provider, typed);
      throw new TenantryError('NotSupported', `${view.entry.name} is not connected by a form`);
    },
  };
}

/**
 * The browser that the form was served to. Another site could post a form here with a link of its own, and so bring a
 * person's account to a tenant of its choice; it has neither our cookie (SameSite=Lax) nor the form's proof.
 */
function provenBrowser(
  request: FastifyRequest,
  { settings }: SidecarContext,
  token: string,
  proof: string | undefined,
): string {
  const browser = browserOf(request, settings);
  const site = request.headers['sec-fetch-site'];
  const isOurs = site === undefined || site === 'same-origin' || site === 'none';
  if (browser !== undefined && isOurs && isFormToken(proof, browser, token)) return browser;
  throw new TenantryError('StateInvalid', 'the button was not pressed on the page of this link', {
    hint: 'open the link again in this browser, with cookies allowed, and press the button within 10 minutes',
  });
}

function show(
  { settings }: SidecarContext,
  reply: FastifyReply,
  opened: Opened,
  shown: Pick<ConnectPage, 'proof' | 'problem'>,
): FastifyReply {
  const page = connectPage({
    ...opened,
    ...shown,
    scopes: scopesOf(opened.view),
    keepOpener: opened.link.openerOrigin !== undefined,
    formAction: formAction(settings, opened),
  });
  return sendPage(reply, page);
}

/**
 * A browser holds the redirects after a form against form-action too. Who a provider redirects to in turn (a company's
 * login) is not known here; what is typed into a form goes to us, and the person on to the product.
 */
function formAction({ publicUrl }: SidecarContext['settings'], { style, link }: Opened): string {
  if (style === 'redirect') return isHttps(publicUrl) ? "'self' https:" : "'self' https: http:";
  return link.returnTo === undefined ? "'self'" : `'self' ${new URL(link.returnTo).origin}`;
}

interface Taken {
  readonly opened: Opened;
  readonly token: string;
  readonly browser: string;
  readonly typed: Readonly<Record<string, string>>;
}

/** Checks what was typed first: a typing error leaves the link good. */
async function take(
  context: SidecarContext,
  { opened, token, browser, typed }: Taken,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { link, view, fields } = opened;
  const wanted = fields.map(({ name }) => [name, (typed[name] ?? '').trim()] as const);
  for (const { name, secret } of fields) if (secret && typed[name]) context.redactor.add(typed[name].trim());
  let tokens: TokenSet;
  try {
    tokens = await opened.fromForm(Object.fromEntries(wanted));
  } catch (error) {
    if (!(error instanceof TenantryError) || error.status >= 500 || opened.style !== 'form') throw error;
    const problem = `${error.message}: ${error.hint}`;
    return show(context, reply, opened, { proof: formToken(browser, token), problem });
  }
  const flow: Omit<Flow, 'app'> = {
    ...link,
    id: link.flow,
    verifier: '',
    redirectUri: '',
    scopes: scopesOf(view),
  };
  const now = context.now();
  await context.database.asTenant(link.tenant, async (query) => {
    await consumeLink(query, link.id, now);
    await insertFlow(query, { ...flow, state: stateOfLink(token), browser }, now, 'exchanging');
  });
  return await endFlow(context, { flow, view }, { request, reply }, () =>
    finishForm(context, flow, { view, tokens, app: opened.app, requestId: request.id }),
  );
}
