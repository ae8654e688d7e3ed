/** Routes of syncs: start, watch and cancel a run; history, schedules and logs of a tenant; what fails now. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import type { Access, Routes, SidecarContext, SidecarServer } from '../context.ts';
import { actorOf } from '../oauth/request.ts';
import { placeParams, tenantName } from '../oauth/schemas.ts';
import { requireIntegration, type Stack } from '../stack/view.ts';
import {
  logAnswer,
  pageView,
  runAnswer,
  runPageAnswer,
  runParams,
  runView,
  statesAnswer,
  stateView,
} from './answers.ts';
import { overviewRoute } from './overview.ts';
import { progressRoutes } from './progress.ts';

const READ: Access = { permission: 'tenant.read', tenantParam: 'tenant' };
const RUN: Access = { permission: 'syncs.run', tenantParam: 'tenant' };

const tenantParams = z.object({ tenant: tenantName });

const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Most on one page. Default 50.'),
  before: z.string().max(100).optional().describe('`next` of the page before.'),
});

export const syncRoutes: Routes = (app, context) => {
  historyRoutes(app, context);
  startRoutes(app, context);
  runRoutes(app, context);
  progressRoutes(app, context);
  overviewRoute(app, context);
};

function historyRoutes(app: SidecarServer, { syncs, stack }: SidecarContext): void {
  app.get(
    '/tenants/:tenant/syncs',
    {
      config: { access: READ },
      schema: {
        tags: ['syncs'],
        operationId: 'listTenantSyncs',
        summary: 'Runs of all integrations of a tenant',
        params: tenantParams,
        querystring: pageQuery,
        response: { 200: runPageAnswer },
      },
    },
    async (request) => {
      const { tenant } = request.params;
      requireTenant(stack, tenant);
      return pageView(await syncs.runs({ tenant }, pageOf(request.query)));
    },
  );
  app.get(
    '/tenants/:tenant/sync-states',
    {
      config: { access: READ },
      schema: {
        tags: ['syncs'],
        operationId: 'listSyncStates',
        summary: 'How the syncs of a tenant are, and when they are due next',
        params: tenantParams,
        response: { 200: statesAnswer },
      },
    },
    async (request) => {
      const { tenant } = request.params;
      requireTenant(stack, tenant);
      return { syncs: (await syncs.states(tenant)).map(stateView) };
    },
  );
  app.get(
    '/tenants/:tenant/integrations/:integration/syncs',
    {
      config: { access: READ },
      schema: {
        tags: ['syncs'],
        operationId: 'listSyncs',
        summary: 'Runs of an integration',
        params: placeParams,
        querystring: pageQuery,
        response: { 200: runPageAnswer },
      },
    },
    async (request) => {
      const { tenant, integration } = request.params;
      const page = await syncs.runs({ tenant, integration }, pageOf(request.query));
      // One that is gone may have a history; what never was is a mistake of the caller.
      if (page.runs.length === 0) requireIntegration(stack.current(), tenant, integration);
      return pageView(page);
    },
  );
}

function startRoutes(app: SidecarServer, { syncs, stack }: SidecarContext): void {
  app.post(
    '/tenants/:tenant/integrations/:integration/syncs',
    {
      config: { access: RUN },
      schema: {
        tags: ['syncs'],
        operationId: 'startSync',
        summary: 'Start a run',
        description:
          'One run of an integration at a time: where one is under way or waits already, that one is given, with status 200.',
        params: placeParams,
        response: { 200: runAnswer, 202: runAnswer },
      },
    },
    async (request, reply) => {
      const place = request.params;
      requireIntegration(stack.current(), place.tenant, place.integration);
      const [newest] = (await syncs.runs(place, { limit: 1 })).runs;
      const run = await syncs.start(place, { actor: actorOf(request).id });
      void reply
        .header('location', `/tenants/${place.tenant}/integrations/${place.integration}/syncs/${run.id}`)
        .status(newest?.id === run.id ? 200 : 202);
      return runView(run);
    },
  );
}

function runRoutes(app: SidecarServer, { syncs }: SidecarContext): void {
  const url = '/tenants/:tenant/integrations/:integration/syncs/:id';
  app.get(
    url,
    {
      config: { access: READ },
      schema: {
        tags: ['syncs'],
        operationId: 'getSync',
        summary: 'A run',
        params: runParams,
        response: { 200: runAnswer },
      },
    },
    async ({ params: { id, ...place } }) => runView(await syncs.run(place, id)),
  );
  app.get(
    `${url}/log`,
    {
      config: { access: READ },
      schema: {
        tags: ['syncs'],
        operationId: 'getSyncLog',
        summary: 'What happened in a run, in plain words',
        params: runParams,
        response: { 200: logAnswer },
      },
    },
    async ({ params: { id, ...place } }) => ({
      lines: (await syncs.log(place, id)).map(({ at, text }) => ({ at, text })),
    }),
  );
  app.delete(
    url,
    {
      config: { access: RUN },
      schema: {
        tags: ['syncs'],
        operationId: 'cancelSync',
        summary: 'Cancel a run',
        description: 'A run that has ended is given as it is. Rows that have arrived stay.',
        params: runParams,
        response: { 200: runAnswer },
      },
    },
    async ({ params: { id, ...place } }) => runView(await syncs.cancel(place, id)),
  );
}

/** @throws NotFound */
function requireTenant(stack: Stack, tenant: string): void {
  if (!stack.current().tenant(tenant))
    throw new TenantryError('NotFound', `no document names the tenant ${tenant}`);
}

function pageOf({ limit, before }: z.output<typeof pageQuery>): { limit: number; before?: string } {
  return before === undefined ? { limit } : { limit, before };
}
