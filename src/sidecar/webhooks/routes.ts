/** Webhooks of providers come in here, and what goes out to the tenants' endpoints is managed here. */
import type { Routes } from '../context.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { endpointRoutes } from './endpoint-routes.ts';
import { incomingRoutes } from './incoming-routes.ts';

export const webhookRoutes: Routes = async (app, context) => {
  await incomingRoutes(app, context);
  await endpointRoutes(app, context);
  await deliveryRoutes(app, context);
};
