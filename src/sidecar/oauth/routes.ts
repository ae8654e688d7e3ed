/** OAuth and connect links over HTTP. */
import { TenantryError } from '../../errors.ts';
import type { Routes, SidecarContext, SidecarServer } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { authorizeRoutes } from './authorize.ts';
import { callbackRoutes } from './callback.ts';
import { connectRoutes } from './connect.ts';
import { connectLinkRoutes, connectLinkStatusRoutes } from './connect-links.ts';
import { wantsJson } from './end.ts';
import { sendPage } from './page.ts';
import { publicError } from './public-error.ts';
import { NO_STORE } from './request.ts';
import { failedPage } from './result-page.ts';
import { statusRoutes } from './status.ts';

export const oauthRoutes: Routes = async (app, context) => {
  // Who waits for a flow asks again and again; that is for the server's general limit.
  statusRoutes(app, context);
  connectLinkStatusRoutes(app, context);
  const limit = oauthLimit(app, context);
  await app.register(async (scope) => {
    const calls = scope as SidecarServer;
    calls.addHook('preHandler', limit);
    authorizeRoutes(calls, context);
    connectLinkRoutes(calls, context);
  });
  await app.register(async (scope) => {
    const pages = scope as SidecarServer;
    pages.addHook('preHandler', limit);
    showErrorsAsPages(pages, context);
    connectRoutes(pages, context);
    callbackRoutes(pages, context);
  });
};

/** One count over all these routes for each caller, or address where nobody has said who they are. */
function oauthLimit(
  app: SidecarServer,
  { settings }: SidecarContext,
): ReturnType<SidecarServer['rateLimit']> {
  return app.rateLimit({
    max: settings.spec.limits.oauthPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => request.caller?.id ?? `address:${request.ip}`,
    errorResponseBuilder: (_request, { ttl }) =>
      new TenantryError('RateLimited', 'too many OAuth requests', {
        retryAfterSeconds: Math.ceil(ttl / 1000),
      }),
  });
}

/** A person stands before these routes: they see what happened and what to do. */
function showErrorsAsPages(app: SidecarServer, { log }: SidecarContext): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = publicError(thrown);
    if (error.status >= 500) log.error({ err: thrown, req: request }, 'request failed');
    void reply.headers(NO_STORE);
    if (wantsJson(request)) {
      return sendProblem(error.code === 'InvalidRequest' ? thrown : error, request, reply);
    }
    if (error.retryable) void reply.header('retry-after', String(Math.ceil(error.retryAfterSeconds ?? 5)));
    return sendPage(reply, failedPage(error));
  });
}
