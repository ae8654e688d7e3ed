/** What a tenant has: integrations, credentials, tokens and installations over HTTP. */
import type { Routes } from '../context.ts';
import { connectOptionRoutes } from './connect-options.ts';
import { credentialRoutes } from './credentials.ts';
import { installationRoutes } from './installations.ts';
import { integrationRoutes } from './integrations.ts';
import { tenantListRoutes } from './list.ts';
import { ownAppRoutes } from './own-app.ts';
import { tokenRoutes } from './token.ts';

export const tenantRoutes: Routes = (app, context) => {
  tenantListRoutes(app, context);
  integrationRoutes(app, context);
  connectOptionRoutes(app, context);
  credentialRoutes(app, context);
  ownAppRoutes(app, context);
  tokenRoutes(app, context);
  installationRoutes(app, context);
};
