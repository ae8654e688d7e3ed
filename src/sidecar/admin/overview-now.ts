/** The route of the first page: figures of the whole installation, and what needs a person now. */
import { z } from 'zod';
import type { Routes, SidecarContext } from '../context.ts';
import { errorCode, integrationName, tenantName, when } from '../oauth/schemas.ts';
import type { StackView } from '../stack/view.ts';
import { type IntegrationOf, integrationsOf, type Standing, standingOf } from '../tenants/standing.ts';
import { needsOf } from './overview-needs.ts';
import { readCounts, readCredentials, readSyncTrouble } from './overview-rows.ts';
import { dayOf } from './usage.ts';

const MOST = 100;

const need = z
  .object({
    tenant: tenantName,
    tenantName: z.string().describe('Name of the tenant that people see.'),
    integration: integrationName,
    name: z.string().describe('Name of the service that people see.'),
    about: z.enum(['credential', 'sync']),
    code: errorCode,
    reason: z.string().describe('In plain words, without secrets.'),
    remedy: z.string().describe('The next step.'),
    since: when,
  })
  .meta({ id: 'Need', description: 'Something that needs a person.' });

const overview = z
  .object({
    counts: z.object({
      tenants: z.int(),
      integrations: z.int(),
      healthy: z.int(),
      needPerson: z.int().describe('Were connected, and somebody has to do something about them.'),
      waiting: z.int().describe('Not connected yet, or disconnected.'),
      suspended: z.int(),
      failingSyncs: z.int().describe('Integrations whose last run failed.'),
      heldSyncs: z.int().describe('Integrations that are due and not begun, e.g. because of a quota.'),
      syncsToday: z.int().describe('Runs that began today, UTC.'),
      rowsToday: z.int().describe('Rows that syncs brought today, UTC.'),
    }),
    needs: z.array(need).describe(`What needs a person now, worst first; at most ${MOST}.`),
    needsTotal: z.int().describe('How many there are in all.'),
    at: when.describe('When it was so.'),
  })
  .meta({ id: 'Overview', description: 'How all is.' });

export const overviewNowRoutes: Routes = (app, context) => {
  app.get(
    '/admin/overview',
    {
      config: { access: { permission: 'platform' } },
      schema: {
        tags: ['admin'],
        operationId: 'getOverview',
        summary: 'How all is, and what needs a person now',
        response: { 200: overview },
      },
    },
    async () => await overviewOf(context),
  );
};

export async function overviewOf({
  stack,
  database,
  now,
}: Pick<SidecarContext, 'stack' | 'database' | 'now'>): Promise<z.output<typeof overview>> {
  const view = stack.current();
  const at = now();
  const { credentials, syncs, counted } = await database.asPlatform(async (query) => ({
    credentials: await readCredentials(query),
    // Some of them are told with their credential, or are of no document any more.
    syncs: await readSyncTrouble(query, MOST * 10),
    counted: await readCounts(query, dayOf(at)),
  }));
  const rows = new Map(credentials.map((row) => [`${row.tenant}/${row.integration}`, row]));
  const count: Record<Standing, number> = { healthy: 0, needsPerson: 0, waiting: 0, suspended: 0 };
  for (const tenant of view.documents.tenants) {
    for (const of of integrationsOf(view, tenant)) {
      const row = rows.get(`${tenant.metadata.name}/${of.document.spec.integration}`);
      count[standingOf(of, row)] += 1;
    }
  }
  const needs = needsOf({ credentials, syncs, find: (place) => find(view, place) });
  return {
    counts: {
      tenants: view.documents.tenants.length,
      integrations: view.documents.integrations.length,
      healthy: count.healthy,
      needPerson: count.needsPerson,
      waiting: count.waiting,
      suspended: count.suspended,
      failingSyncs: counted.failing,
      heldSyncs: counted.held,
      syncsToday: counted.syncs,
      rowsToday: counted.rows,
    },
    needs: needs.slice(0, MOST),
    needsTotal: needs.length,
    at: new Date(at).toISOString(),
  };
}

function find(
  view: StackView,
  { tenant, integration }: { tenant: string; integration: string },
): IntegrationOf | undefined {
  const owner = view.tenant(tenant);
  const document = view.integration(tenant, integration);
  return owner && document && { tenant: owner, document, entry: view.catalog.get(integration) };
}
