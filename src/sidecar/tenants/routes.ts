/** What a tenant has: integrations, credentials, tokens and installations over HTTP. */
import type { Routes } from '../context.ts';
import { credentialRoutes } from './credentials.ts';
import { installationRoutes } from './installations.ts';
import { integrationRoutes } from './integrations.ts';
import { tokenRoutes } from './token.ts';

export const tenantRoutes: Routes = (app, context) => {
  integrationRoutes(app, context);
  credentialRoutes(app, context);
  tokenRoutes(app, context);
  installationRoutes(app, context);
};
