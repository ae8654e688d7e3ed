/** Sign-in of people by OpenID Connect, and what ways there are to sign in. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { asTenantryError, TenantryError } from '../../../errors.ts';
import type { Routes, SidecarContext } from '../../context.ts';
import type { Caller } from '../caller.ts';
import { cookieValues } from '../credential.ts';
import { incomingOf } from '../incoming.ts';
import { type Claims, callerOfClaims } from '../jwt/claims.ts';
import { beginSession } from '../sessions/begin.ts';
import { requireSessionTransport, sessionCookie } from '../sessions/cookie.ts';
import type { OidcSettings } from '../settings.ts';
import { OidcClient } from './client.ts';
import { requireOwnPage, signInErrorPage } from './return-page.ts';
import { beginSignIn, SIGN_IN_SECONDS, takeSignIn } from './sign-ins.ts';

const START = '/session/oidc/start';

const methods = z
  .object({
    apiKey: z.boolean().describe('With an API key: POST /session.'),
    oidc: z
      .object({
        name: z.string().describe('“Sign in with …”.'),
        url: z
          .string()
          .describe(
            'Address to open; takes `return_to`. A sign-in that failed ends at /ui/?sign_in_error= with a code: ConnectDenied, StateInvalid, Forbidden (no role or tenant here), IssuerUnavailable, …',
          ),
      })
      .nullable()
      .describe('At an identity provider; null: none is set up.'),
    open: z
      .boolean()
      .describe(
        'Only in `tenantry dev`: POST /session/open opens a session for a page of this origin, without a key.',
      ),
  })
  .meta({ id: 'SignInMethods', description: 'Ways to sign in.' });

/** Each provider adds parameters of its own; what counts is looked at below, so that a person sees a page. */
const callback = z.record(z.string(), z.unknown());

export const oidcRoutes: Routes = (app, context) => {
  const { settings } = context;
  const { oidc } = settings.spec;
  app.get(
    '/session/methods',
    {
      config: { access: 'public' },
      schema: {
        tags: ['callers'],
        operationId: 'listSignInMethods',
        summary: 'Ways to sign in to the web UI',
        security: [],
        response: { 200: methods },
      },
    },
    async (_request, reply) => {
      void reply.header('cache-control', 'no-store');
      return {
        apiKey: true,
        oidc: oidc ? { name: oidc.name, url: START } : null,
        open: app.hasRoute({ method: 'POST', url: '/session/open' }),
      };
    },
  );
  const client = oidc && new OidcClient(oidc, context);
  // Lax, as the session's: the issuer's redirect back is a navigation from another site, and must carry it.
  const cookie = sessionCookie(settings.publicUrl, 'sign_in');
  const config = {
    access: 'public',
    rateLimit: { max: settings.spec.limits.oauthPerMinute, timeWindow: 60_000 },
  } as const;
  app.get(
    START,
    {
      config,
      schema: {
        tags: ['callers'],
        operationId: 'beginSignIn',
        summary: 'Sign in by OpenID Connect: redirects to the identity provider',
        security: [],
        querystring: z.object({
          return_to: z.string().max(1024).default('/ui/').describe('Page below /ui/ to open afterwards.'),
        }),
        response: {
          303: z.null().describe('To the identity provider, or to the sign-in page with `error`.'),
        },
      },
    },
    async (request, reply) => {
      const returnTo = requireOwnPage(request.query.return_to, settings.publicUrl);
      return await orErrorPage({ request, reply }, async () => {
        if (!client) throw notSetUp();
        requireSessionTransport(settings.publicUrl);
        const { binding, browser } = await beginSignIn(context.database, { returnTo, now: context.now() });
        const url = await client.authorizationUrl(binding);
        void reply.setCookie(cookie.name, browser, { ...cookie.options, maxAge: SIGN_IN_SECONDS });
        return url.href;
      });
    },
  );
  app.get(
    '/session/oidc/callback',
    {
      config,
      schema: {
        tags: ['callers'],
        operationId: 'completeSignIn',
        summary: 'Redirect URL of the sign-in by OpenID Connect',
        description: 'Only for the browser that began, within 10 minutes, once. Sets the session’s cookie.',
        security: [],
        querystring: callback,
        response: {
          303: z.null().describe('To the page that was asked for, or to the sign-in page with `error`.'),
        },
      },
    },
    async (request, reply) =>
      await orErrorPage({ request, reply }, async () => {
        if (!client || !oidc) throw notSetUp();
        requireSessionTransport(settings.publicUrl);
        const { claims, returnTo } = await redeem(context, client, cookie.name, request);
        const caller = callerOf(claims, oidc);
        await beginSession(context, { caller }, app.callers.cookie, { request, reply });
        void reply.clearCookie(cookie.name, cookie.options);
        return returnTo;
      }),
  );
};

/** A person stands before these routes: whatever goes wrong, they get to the sign-in page, which says it. */
async function orErrorPage(
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  work: () => Promise<string>,
): Promise<FastifyReply> {
  void reply.header('cache-control', 'no-store');
  try {
    return await reply.redirect(await work(), 303);
  } catch (thrown) {
    const error = asTenantryError(thrown);
    request.log[error.status >= 500 ? 'error' : 'info']({ err: error, req: request }, 'sign-in failed');
    return await reply.redirect(signInErrorPage(error.code), 303);
  }
}

async function redeem(
  { database, settings, now }: SidecarContext,
  client: OidcClient,
  cookieName: string,
  request: FastifyRequest,
): Promise<{ readonly claims: Claims; readonly returnTo: string }> {
  const { searchParams } = new URL(request.url, settings.publicUrl);
  const [state = '', ...more] = searchParams.getAll('state');
  const [browser = '', ...others] = cookieValues(incomingOf(request), cookieName);
  const found =
    more.length > 0 || others.length > 0 || browser === ''
      ? undefined
      : await takeSignIn(database, { state, browser, now: now() });
  if (!found) {
    throw new TenantryError('StateInvalid', 'this browser has begun no such sign-in, or it is over', {
      hint: 'sign in again, in this browser',
    });
  }
  const url = new URL(client.redirectUri);
  url.search = searchParams.toString();
  return { claims: await client.redeem(url, found.binding), returnTo: found.returnTo };
}

/** By the same rules as a JWT of this issuer that calls. @throws Forbidden for who has no role or tenant here */
function callerOf(claims: Claims, oidc: OidcSettings): Caller {
  const { issuer, clientId: audience, tenantClaim, roleClaim, role } = oidc;
  try {
    return callerOfClaims(claims, { issuer, audience, tenantClaim, roleClaim, role });
  } catch (error) {
    throw new TenantryError('Forbidden', 'the account has no role or tenant here', {
      cause: error,
      hint: `let the issuer tell ${tenantClaim}${roleClaim ? ` and ${roleClaim}` : ''} in the ID token`,
    });
  }
}

function notSetUp(): TenantryError {
  return new TenantryError('NotSupported', 'sign-in by OpenID Connect is not set up', {
    hint: 'set spec.sidecar.oidc of the Platform',
  });
}
