/** The route that lists tenants: found by name, a page at a time, with how their integrations stand. */
import { z } from 'zod';
import { callerOf } from '../callers/authentication.ts';
import type { Caller } from '../callers/caller.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { tenantName, when } from '../oauth/schemas.ts';
import { isIn, rowsByPlace, type Summary, summaryOf, tenantsFor } from './list-page.ts';
import { readLastSyncs, readListRows } from './list-rows.ts';

const MOST = 500;

const summary = z
  .object({
    name: tenantName,
    displayName: z.string().nullable().describe('Name that people see; null: the document has none.'),
    suspended: z.boolean().describe('Does its document say that it rests?'),
    integrations: z.object({
      total: z.int(),
      healthy: z.int(),
      needPerson: z.int().describe('Were connected, and somebody has to do something about them.'),
      waiting: z.int().describe('Not connected yet, or disconnected.'),
      suspended: z.int(),
    }),
    failingSyncs: z
      .int()
      .nullable()
      .describe('Integrations whose last run failed; null: no syncs are known.'),
    nextSyncAt: when.nullable().describe('When the next sync is due; null: none is.'),
    lastSyncAt: when.nullable().describe('When the newest run began; null: there was none.'),
  })
  .meta({ id: 'TenantSummary', description: 'A tenant in a list.' });

const listAnswer = z
  .object({
    tenants: z.array(summary).describe('By name.'),
    total: z.int().describe('Tenants that match, on all pages.'),
    next: tenantName.nullable().describe('For `after`; null: this is the last page.'),
  })
  .meta({ id: 'TenantPage', description: 'A page of tenants.' });

const filter = z.object({
  search: z
    .string()
    .max(200)
    .optional()
    .describe('Only those whose name or display name holds this text, in any case. Default: all.'),
  state: z
    .enum(['healthy', 'needsPerson', 'failing', 'waiting', 'suspended'])
    .optional()
    .describe(
      'needsPerson, failing, waiting: at least one integration is so; suspended: the tenant is; healthy: none of it. Default: any.',
    ),
  limit: z.coerce.number().int().min(1).max(MOST).default(100).describe(`Most on one page, at most ${MOST}.`),
  after: tenantName.optional().describe('`next` of the page before.'),
});

type Filter = z.output<typeof filter>;

export function tenantListRoutes(app: SidecarServer, context: SidecarContext): void {
  app.get(
    '/tenants',
    {
      config: { access: { permission: 'tenant.read' } },
      schema: {
        tags: ['tenants'],
        operationId: 'listTenants',
        summary: 'Tenants that the caller may act for',
        querystring: filter,
        response: { 200: listAnswer },
      },
    },
    async (request) => await listTenants(context, callerOf(request), request.query),
  );
}

export async function listTenants(
  { stack, database }: Pick<SidecarContext, 'stack' | 'database'>,
  caller: Caller,
  { search, state, limit, after }: Filter,
): Promise<z.output<typeof listAnswer>> {
  const view = stack.current();
  const found = tenantsFor(view, caller, search);
  const isLater = (name: string): boolean => after === undefined || name > after;
  return await database.asPlatform(async (query) => {
    let page: Summary[];
    let total = found.length;
    if (state === undefined) {
      // Only what is shown is asked for.
      const shown = found.filter(({ metadata }) => isLater(metadata.name)).slice(0, limit + 1);
      const rows = rowsByPlace(
        await readListRows(
          query,
          shown.map(({ metadata }) => metadata.name),
        ),
      );
      page = shown.map((tenant) => summaryOf(view, tenant, rows));
    } else {
      const rows = rowsByPlace(
        await readListRows(query, caller.tenants === 'all' ? undefined : caller.tenants),
      );
      const all = found.map((tenant) => summaryOf(view, tenant, rows)).filter((each) => isIn(state, each));
      total = all.length;
      page = all.filter(({ name }) => isLater(name)).slice(0, limit + 1);
    }
    const shown = page.slice(0, limit);
    const last = await readLastSyncs(
      query,
      shown.map(({ name }) => name),
    );
    return {
      tenants: shown.map((each) => ({ ...each, lastSyncAt: last.get(each.name)?.toISOString() ?? null })),
      total,
      next: page.length > limit ? (shown.at(-1)?.name ?? null) : null,
    };
  });
}
