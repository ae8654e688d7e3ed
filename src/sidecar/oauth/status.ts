/** How a flow goes, for who waits for it: a popup can be cut off from its opener (Cross-Origin-Opener-Policy). */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { mayActFor, mayDo } from '../callers/caller.ts';
import { incomingOf } from '../callers/incoming.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { browserOf, hashOf } from './browser.ts';
import { flowStatus, type WatchedFlow } from './flow-status.ts';
import { NO_STORE } from './request.ts';
import { errorCode } from './schemas.ts';

const answer = z
  .object({
    status: z
      .enum(['pending', 'complete', 'failed'])
      .describe('pending: the person is not back yet, or their link was not opened.'),
    error: errorCode.optional().describe('failed: why. StateInvalid: nobody came back in time.'),
  })
  .meta({ id: 'FlowStatus', description: 'How a flow goes.' });

export function statusRoutes(app: SidecarServer, context: SidecarContext): void {
  app.get(
    '/oauth/flows/:id',
    {
      config: { access: 'public' },
      schema: {
        tags: ['connect'],
        operationId: 'getFlow',
        summary: 'How a flow goes',
        description: 'For the caller that began it, and for the browser with its cookie.',
        params: z.object({ id: z.uuid().describe('Id of the flow.') }),
        response: { 200: answer },
      },
    },
    async (request, reply) => {
      const flow = await flowStatus(context.database, request.params.id, context.now());
      if (!flow || !(await maySee(app, request, context, flow))) {
        throw new TenantryError('NotFound', 'there is no such flow, or it is not yours');
      }
      void reply.headers(NO_STORE);
      return flow.status;
    },
  );
}

/** The browser of the flow needs no more than its cookie; any other asker says who they are. */
async function maySee(
  app: SidecarServer,
  request: FastifyRequest,
  { settings }: SidecarContext,
  flow: WatchedFlow,
): Promise<boolean> {
  const browser = browserOf(request, settings);
  if (browser !== undefined && flow.browserHash?.equals(hashOf(browser))) return true;
  const caller = request.caller ?? (await app.callers.verify(incomingOf(request))).caller;
  return caller.id === flow.actor && mayDo(caller, 'tenant.read') && mayActFor(caller, flow.tenant);
}
