/** `/metrics`: what is gauged when somebody asks, and everything counted before. */
import type { Routes, SidecarContext } from '../context.ts';

export const metricsRoutes: Routes = (app, context) => {
  const access = context.settings.spec.publicMetrics ? 'public' : ({ permission: 'platform' } as const);
  app.get(
    '/metrics',
    {
      config: { access, rateLimit: false },
      schema: {
        tags: ['health'],
        operationId: 'getMetrics',
        summary: 'Metrics for Prometheus',
        description:
          'For role admin, or for anybody with spec.sidecar.publicMetrics. The labels name tenants.',
      },
    },
    async (_request, reply) => {
      await gauge(context).catch((error: unknown) =>
        context.log.warn({ err: error }, 'some gauges were not read'),
      );
      return reply.type(context.metrics.registry.contentType).send(await context.metrics.registry.metrics());
    },
  );
};

async function gauge({ metrics, stack, queue, database }: SidecarContext): Promise<void> {
  metrics.tenants.set(stack.current().documents.tenants.length);
  const rows = await database.asPlatform((query) =>
    query<{ tenant: string; state: string; count: number }>(
      `select tenant, case when status = 'active' then credential_state else status end as state, count(*)::int
       from tenantry.installations where status <> 'revoked' group by 1, 2`,
    ),
  );
  metrics.credentials.reset();
  metrics.tenantIntegrations.reset();
  for (const { tenant, state, count } of rows) {
    metrics.credentials.inc({ state }, count);
    metrics.tenantIntegrations.set({ tenant, state }, count);
  }
  const [syncs] = await database.asPlatform((query) =>
    query<Record<'waiting' | 'running' | 'held' | 'failing', number>>(
      `select (select count(*)::int from tenantry.sync_runs where status = 'waiting') as waiting,
         (select count(*)::int from tenantry.sync_runs where status = 'running') as running,
         count(*) filter (where held_code is not null)::int as held,
         count(*) filter (where failures > 0)::int as failing
       from tenantry.sync_states where runner is not null`,
    ),
  );
  for (const [state, count] of Object.entries(syncs ?? {})) metrics.syncsActive.set({ state }, count);
  const waiting = await queue.waiting();
  metrics.queueJobs.reset();
  for (const [task, { ready, later, failed }] of Object.entries(waiting)) {
    metrics.queueJobs.set({ task, state: 'ready' }, ready);
    metrics.queueJobs.set({ task, state: 'later' }, later);
    metrics.queueJobs.set({ task, state: 'failed' }, failed);
  }
}
