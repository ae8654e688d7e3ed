/** Applications: the credentials that programs call the API with. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { ById, Emulator } from '../emulator.ts';
import { objectBody, text } from '../input.ts';
import { notFound } from '../problem.ts';
import type { Application } from '../state.ts';

export function newApplication(
  now: number,
  given: { name: string; clientId?: string | undefined; clientSecret?: string | undefined },
): Application {
  return {
    id: randomUUID(),
    name: given.name,
    clientId: given.clientId ?? randomUUID(),
    clientSecret: given.clientSecret ?? randomBytes(32).toString('base64url'),
    createdAt: now,
  };
}

export function applicationRoutes(app: FastifyInstance, emulator: Emulator): void {
  const { state } = emulator;
  const find = (id: string): Application => {
    const found = state.applications.get(id);
    if (found === undefined) throw notFound('application', id);
    return found;
  };

  // The document spells the last field grant_type and grant-type; the server minds neither.
  app.post('/applications/token', (request) => {
    const body = objectBody(request.body);
    return emulator.tokens.issue(body.client_id, body.client_secret);
  });
  app.get('/applications', () => ({ applications: [...state.applications.values()] }));
  app.post('/applications', (request) => {
    const name = text(objectBody(request.body).name, 'name');
    const made = newApplication(emulator.now(), { name });
    state.applications.set(made.id, made);
    emulator.changed();
    return made;
  });
  app.get<ById>('/applications/:id', (request) => find(request.params.id));
  app.delete<ById>('/applications/:id', (request) => {
    const found = find(request.params.id);
    state.applications.delete(found.id);
    emulator.changed();
    return found;
  });
}
