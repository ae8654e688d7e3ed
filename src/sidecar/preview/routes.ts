/** `GET /tenants/:t/integrations/:i/preview`: streams, columns and sample rows before the first sync. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { callerOf } from '../callers/authentication.ts';
import type { Routes } from '../context.ts';
import { placeParams } from '../oauth/schemas.ts';
import { admitted } from '../proxy/admission.ts';
import { type AgentsOptions, createAgents } from '../proxy/agents.ts';
import { sleepFor } from '../proxy/sleep.ts';
import { requireIntegration } from '../stack/view.ts';
import { rowsAnswer, rowsView, streamsAnswer, streamsView } from './answers.ts';
import type { PreviewParts } from './call.ts';
import { MOST_ROWS, sampleRows } from './sample.ts';
import { previewStreams } from './streams.ts';

const rowsParams = placeParams.extend({
  stream: z.string().min(1).max(200).describe('Name of the stream, as the list of streams has it.'),
});

const rowsQuery = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MOST_ROWS)
    .default(MOST_ROWS)
    .describe(`Most rows, at most ${MOST_ROWS}. Default ${MOST_ROWS}.`),
});

export const previewRoutes: Routes = (app, context) => previewRoutesWith({})(app, context);

export interface PreviewOptions extends AgentsOptions {
  /** Waits for a Retry-After. Default: by the clock of the system. */
  readonly sleep?: PreviewParts['sleep'];
}

/** The same with parts of the outside world replaced. */
export function previewRoutesWith(options: PreviewOptions): Routes {
  return (app, context) => {
    const agents = createAgents(options);
    app.addHook('onClose', () => agents.close());
    const parts: PreviewParts = { context, agents, sleep: options.sleep ?? sleepFor };
    app.get(
      '/tenants/:tenant/integrations/:integration/preview',
      {
        config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
        schema: {
          tags: ['previews'],
          operationId: 'previewStreams',
          summary: 'Streams, columns and keys of an integration',
          params: placeParams,
          response: { 200: streamsAnswer },
        },
      },
      async (request, reply) => {
        const { tenant, integration } = request.params;
        const view = requireIntegration(context.stack.current(), tenant, integration);
        return streamsView(
          request.params,
          await previewStreams(context, view, { signal: goneSignal(reply) }),
        );
      },
    );
    app.get(
      '/tenants/:tenant/integrations/:integration/preview/:stream',
      {
        config: { access: { permission: 'tokens.use', tenantParam: 'tenant' } },
        schema: {
          tags: ['previews'],
          operationId: 'previewRows',
          summary: 'Sample rows of a stream',
          description:
            'Asked for at the provider with the tenant’s credential, as the proxy does: spec.access.proxy of the document must allow it, and each call counts. Nothing is stored.',
          params: rowsParams,
          querystring: rowsQuery,
          response: { 200: rowsAnswer },
        },
      },
      async (request, reply) => {
        const { tenant, integration, stream } = request.params;
        const caller = callerOf(request);
        const view = admitted(context, caller, { integration, tenant, use: 'proxy' });
        const call = {
          ...{ view, stream, signal: goneSignal(reply) },
          place: { tenant, integration },
          actor: caller.id,
          requestId: request.id,
        };
        const sample = await sampleRows(parts, call, request.query.limit);
        void reply.header('cache-control', 'no-store');
        return rowsView(call, sample);
      },
    );
  };
}

/** Aborts when the caller is gone. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort(new Error('the caller is gone'));
  });
  return gone.signal;
}
