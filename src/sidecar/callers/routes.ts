/** The routes about callers themselves: sessions and API keys. */
import type { Routes } from '../context.ts';
import { apiKeyRoutes } from './api-keys/routes.ts';
import { sessionRoutes } from './sessions/routes.ts';

export const callerRoutes: Routes = async (app, context) => {
  await sessionRoutes(app, context);
  await apiKeyRoutes(app, context);
};
