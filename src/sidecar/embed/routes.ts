/** The connect component in pages of the product itself: its tokens, and the few routes that take them. */
import type { Routes, SidecarServer } from '../context.ts';
import { requireEmbedToken } from './authentication.ts';
import { embedConnectRoutes } from './connect-routes.ts';
import { allowOrigins } from './cors.ts';
import { embedSessionRoutes } from './session-routes.ts';

export const embedRoutes: Routes = async (app, context) => {
  // Next to one application the sidecar has no pages.
  if (context.settings.posture !== 'gateway') return;
  embedSessionRoutes(app, context);
  const { origins } = context.settings.spec.embed;
  await app.register(async (scope) => {
    const calls = scope as SidecarServer;
    allowOrigins(calls, origins);
    requireEmbedToken(calls, context);
    embedConnectRoutes(calls, context, origins);
  });
};
