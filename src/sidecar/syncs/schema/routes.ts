/** `GET /tenants/:t/integrations/:i/schema-changes`: what changed at the source, and what came of it. */
import { z } from 'zod';
import { TenantryError } from '../../../errors.ts';
import type { Routes, SidecarContext } from '../../context.ts';
import { actorOf } from '../../oauth/request.ts';
import { integrationName, placeParams, tenantName, when } from '../../oauth/schemas.ts';
import { requireIntegration } from '../../stack/view.ts';
import { emitEvent } from '../../webhooks/events.ts';
import type { SchemaChange } from '../runner.ts';
import { createSchemaStore } from './store.ts';
import { heldText } from './texts.ts';
import { createSchemaWatch, type SchemaWatch } from './watch.ts';

const bareChange = z.object({
  stream: z.string(),
  kind: z.enum(['stream_added', 'stream_removed', 'field_added', 'field_removed', 'field_type_changed']),
  field: z.string().nullable().describe('Path with dots; null: the whole stream.'),
  isBreaking: z
    .boolean()
    .describe('Can the sync not go on as before, e.g. because its key or cursor is gone?'),
});

const change = bareChange.extend({
  noticedAt: when.describe('When it was noticed; it may be a day older.'),
});

const changesAnswer = z
  .object({
    tenantId: tenantName,
    integration: integrationName,
    policy: z
      .enum(['ignore', 'disable_connection', 'propagate_columns', 'propagate_fully'])
      .describe('spec.sync.schemaChanges of the document: what is done about changes.'),
    lookedAt: when.nullable().describe('When the source was last looked at; null: not yet.'),
    held: z
      .object({ since: when, message: z.string(), nextStep: z.string() })
      .nullable()
      .describe('Why syncs rest; null: they do not, as far as schemas go.'),
    changes: z.array(change).describe('Newest first.'),
  })
  .meta({ id: 'SchemaChanges', description: 'Changes of the schema of a tenant’s source.' });

const lookAnswer = z
  .object({ changes: z.array(bareChange) })
  .meta({ id: 'SchemaLook', description: 'What changed since the look before.' });

const acceptedAnswer = z
  .object({ wentOn: z.boolean().describe('Did syncs rest because of the schema?') })
  .meta({ id: 'SchemaAccepted', description: 'The schema is taken as it is.' });

const limit = z.coerce.number().int().min(1).max(500).default(100).describe('Most changes. Default 100.');

export const schemaRoutes: Routes = (app, context) => {
  app.get(
    '/tenants/:tenant/integrations/:integration/schema-changes',
    {
      config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
      schema: {
        tags: ['syncs'],
        operationId: 'listSchemaChanges',
        summary: 'Changes of the source’s schema',
        params: placeParams,
        querystring: z.object({ limit }),
        response: { 200: changesAnswer },
      },
    },
    async (request) => {
      const place = request.params;
      const { document, entry } = requireIntegration(
        context.stack.current(),
        place.tenant,
        place.integration,
      );
      const store = createSchemaStore(context.database);
      const [seen, hold, changes] = await Promise.all([
        store.glance(place),
        schemaWatchOf(context).hold(place),
        store.changes(place, request.query.limit),
      ]);
      const text = hold && heldText(entry.name, hold, place);
      return {
        tenantId: place.tenant,
        integration: place.integration,
        policy: document.spec.sync.schemaChanges,
        lookedAt: seen ? new Date(seen.lookedAt).toISOString() : null,
        held: hold && text ? { since: hold.since, message: text.message, nextStep: text.hint } : null,
        changes: changes.map(({ noticedAt, ...each }) => ({ noticedAt, ...withField(each) })),
      };
    },
  );
  app.post(
    '/tenants/:tenant/integrations/:integration/schema-changes/look',
    {
      config: { access: { permission: 'syncs.run', tenantParam: 'tenant' } },
      schema: {
        tags: ['syncs'],
        operationId: 'lookAtSchema',
        summary: 'Compare the source’s schema with that of the last look now',
        description:
          'What Airbyte has discovered last is compared: it looks for itself before a sync, at most once a day. Where the sidecar runs the schedules, this happens before a run anyhow.',
        params: placeParams,
        response: { 200: lookAnswer },
      },
    },
    async (request) => {
      const place = request.params;
      const { entry } = requireIntegration(context.stack.current(), place.tenant, place.integration);
      const changes = await schemaWatchOf(context).look(place);
      if (!changes)
        throw new TenantryError('NotSupported', `${entry.name} has no source yet`, {
          hint: 'connect the tenant and apply its documents first',
        });
      return { changes: changes.map(withField) };
    },
  );
  app.post(
    '/tenants/:tenant/integrations/:integration/schema-changes/accept',
    {
      config: { access: { permission: 'syncs.run', tenantParam: 'tenant' } },
      schema: {
        tags: ['syncs'],
        operationId: 'acceptSchemaChanges',
        summary: 'Take the source’s schema as it is now: syncs that rest because of it go on',
        params: placeParams,
        response: { 200: acceptedAnswer },
      },
    },
    async (request) => {
      const place = request.params;
      requireIntegration(context.stack.current(), place.tenant, place.integration);
      const wentOn = await schemaWatchOf(context).accept(place);
      if (wentOn) context.log.info({ ...place, actor: actorOf(request).id }, 'a changed schema was accepted');
      return { wentOn };
    },
  );
};

function withField({ stream, kind, field, isBreaking }: SchemaChange): z.output<typeof bareChange> {
  return { stream, kind, field: field ?? null, isBreaking };
}

/** For who has the sidecar's context: the runner, and the routes. */
function schemaWatchOf(context: SidecarContext): SchemaWatch {
  const { airbyte, database, stack, settings, log, now } = context;
  return createSchemaWatch({
    ...{ airbyte, database, stack, settings, log, now },
    emit: (event, options) => emitEvent(context, event, options),
  });
}
