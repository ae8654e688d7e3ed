/** The routes about callers themselves: sessions and API keys. */
import type { Routes } from '../context.ts';
import { apiKeyRoutes } from './api-keys/routes.ts';
import { oidcRoutes } from './oidc/routes.ts';
import { sessionRoutes } from './sessions/routes.ts';

export const callerRoutes: Routes = async (app, context) => {
  await sessionRoutes(app, context);
  await oidcRoutes(app, context);
  await apiKeyRoutes(app, context);
};
