/** What the document has and self-managed Airbyte answers with 501: OAuth belongs to the caller. */
import type { FastifyInstance } from 'fastify';
import { otherProblem } from '../problem.ts';

export function unsupportedRoutes(app: FastifyInstance): void {
  const refuse = (): never => {
    throw otherProblem(501, 'not-implemented', 'This is not available on self-managed Airbyte.');
  };
  app.post('/sources/initiateOAuth', refuse);
  app.put('/workspaces/:id/oauthCredentials', refuse);
  app.delete('/workspaces/:id/oauthCredentials/:actorType/:name', refuse);
}
