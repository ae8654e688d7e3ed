/**
 * The connect links of `tenantry dev`: a person opens one, agrees at the development identity provider, and the token is
 * stored. A stand-in for the sidecar, on loopback only.
 */
import { createHash, randomBytes } from 'node:crypto';
import Fastify, { type FastifyReply } from 'fastify';
import { TenantryError } from '../errors.ts';
import { freePort } from './free-port.ts';

/** A flow that was begun and not yet finished. */
interface Pending {
  readonly tenant: string;
  readonly integration: string;
  readonly verifier: string;
  readonly expiresAt: number;
}

export interface ConnectFlow {
  /** Authorization URL for a tenant's integration; undefined when no document names it. */
  authorizationUrl(request: {
    readonly tenant: string;
    readonly integration: string;
    readonly state: string;
    readonly challenge: string;
  }): Promise<string | undefined>;
  /** Redeems the code and stores the tokens. */
  finish(request: {
    readonly tenant: string;
    readonly integration: string;
    readonly code: string;
    readonly verifier: string;
  }): Promise<void>;
}

export interface ConnectPage {
  readonly url: string;
  redirectUri(integration: string): string;
  /** The page answers 503 until a flow is set. */
  serve(flow: ConnectFlow): void;
  close(): Promise<void>;
}

/** Port of the product's web page; another is taken when it is busy. */
const USUAL_PORT = 7250;
const FLOW_MS = 10 * 60_000;
const COOKIE = 'tenantry_dev_state';

export async function startConnectPage(): Promise<ConnectPage> {
  const app = Fastify();
  const pending = new Map<string, Pending>();
  let flow: ConnectFlow | undefined;

  app.get('/', (_request, reply) =>
    page(
      reply,
      200,
      'Tenantry, development only',
      'Open a connect link of a waiting integration: the table that tenantry dev prints has them, and so has tenantry status.',
    ),
  );

  app.get<{ Params: { tenant: string; integration: string } }>(
    '/connect/:tenant/:integration',
    async (request, reply) => {
      const { tenant, integration } = request.params;
      const state = randomBytes(24).toString('base64url');
      const verifier = randomBytes(32).toString('base64url');
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      const url = await flow?.authorizationUrl({ tenant, integration, state, challenge });
      if (!flow)
        return page(reply, 503, 'Starting', 'The environment is starting. Load this page again in a moment.');
      if (url === undefined)
        return page(reply, 404, 'Not found', 'No document connects this tenant to this integration here.');
      pending.set(state, { tenant, integration, verifier, expiresAt: Date.now() + FLOW_MS });
      reply.header(
        'set-cookie',
        `${COOKIE}=${state}; HttpOnly; SameSite=Lax; Path=/oauth/callback; Max-Age=${FLOW_MS / 1000}`,
      );
      return reply.redirect(url);
    },
  );

  app.get<{
    Params: { integration: string };
    Querystring: { code?: string; state?: string; error?: string };
  }>('/oauth/callback/:integration', async (request, reply) => {
    const { code, state = '', error } = request.query;
    const begun = pending.get(state);
    pending.delete(state);
    // The state must be the one that this browser began with (RFC 6749, section 10.12), and is good for one use.
    const sameBrowser = request.headers.cookie?.split('; ').includes(`${COOKIE}=${state}`) ?? false;
    if (
      !begun ||
      !sameBrowser ||
      begun.integration !== request.params.integration ||
      begun.expiresAt < Date.now()
    ) {
      return page(
        reply,
        400,
        'Not connected',
        'This link was not begun in this browser, or is too old. Begin again.',
      );
    }
    if (error !== undefined || code === undefined) {
      return page(reply, 200, 'Not connected', 'The connection was denied.');
    }
    await flow?.finish({
      tenant: begun.tenant,
      integration: begun.integration,
      code,
      verifier: begun.verifier,
    });
    return page(
      reply,
      200,
      'Connected',
      `${begun.tenant} is connected to ${begun.integration}. You can close this page.`,
    );
  });

  app.setErrorHandler((error, _request, reply) => {
    const text = error instanceof TenantryError ? error.message : 'Something went wrong.';
    return page(reply, 500, 'Not connected', text);
  });

  const url = await listen(app);
  return {
    url,
    redirectUri: (integration) => `${url}/oauth/callback/${integration}`,
    serve: (next) => {
      flow = next;
    },
    close: () => app.close(),
  };
}

async function listen(app: ReturnType<typeof Fastify>): Promise<string> {
  try {
    return await app.listen({ host: '127.0.0.1', port: USUAL_PORT });
  } catch {
    return app.listen({ host: '127.0.0.1', port: await freePort() });
  }
}

function page(reply: FastifyReply, status: number, title: string, text: string): FastifyReply {
  const safe = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return reply
    .status(status)
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="en"><title>${safe(title)}</title>` +
        '<style>body{font:16px system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem}</style>' +
        `<h1>${safe(title)}</h1><p>${safe(text)}</p></html>\n`,
    );
}
