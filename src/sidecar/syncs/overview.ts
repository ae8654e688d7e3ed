/** Which syncs fail or are held up now, over all tenants. */
import { z } from 'zod';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { stateAnswer, stateView } from './answers.ts';
import { countTrouble, readTrouble } from './every-state.ts';

const troubleAnswer = z
  .object({
    failing: z.int().describe('Integrations whose last run failed.'),
    held: z.int().describe('Integrations that are due and not begun, e.g. because of a quota.'),
    syncs: z.array(stateAnswer).describe('Those that failed most often first; at most `limit`.'),
  })
  .meta({ id: 'SyncTrouble', description: 'Which syncs fail or are held up now.' });

export function overviewRoute(app: SidecarServer, context: SidecarContext): void {
  app.get(
    '/admin/syncs',
    {
      config: { access: { permission: 'platform' } },
      schema: {
        tags: ['admin'],
        operationId: 'listFailingSyncs',
        summary: 'Syncs that fail or are held up now',
        querystring: z.object({
          limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Most shown. Default 100.'),
        }),
        response: { 200: troubleAnswer },
      },
    },
    async (request) => await troubleView(context, request.query.limit),
  );
}

export async function troubleView(
  { database }: Pick<SidecarContext, 'database'>,
  limit: number,
): Promise<z.output<typeof troubleAnswer>> {
  return await database.asPlatform(async (query) => ({
    ...(await countTrouble(query)),
    syncs: (await readTrouble(query, limit)).map(stateView),
  }));
}
