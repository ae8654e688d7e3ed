/** Discovery: the streams of a source. */
import type { FastifyInstance } from 'fastify';
import { discover, streamProperties } from '../discovery.ts';
import type { ByQuery, Emulator } from '../emulator.ts';
import { badRequest } from '../problem.ts';
import { liveActor } from './actors.ts';

export function streamRoutes(app: FastifyInstance, emulator: Emulator): void {
  app.get<ByQuery>('/streams', async (request) => {
    const { sourceId, destinationId } = request.query;
    if (sourceId === undefined) throw badRequest('sourceId must be a UUID.');
    if (destinationId !== undefined) liveActor(emulator.state, 'destination', destinationId);
    await emulator.discovered(liveActor(emulator.state, 'source', sourceId));
    return discover(liveActor(emulator.state, 'source', sourceId)).map(streamProperties);
  });
}
