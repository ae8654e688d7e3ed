/** What the routes of connecting and of tenants take from a request and put on their answers. */
import type { FastifyRequest } from 'fastify';
import { callerOf } from '../callers/authentication.ts';
import type { Actor } from '../tokens/service.ts';

/** Who does it, for the records. */
export function actorOf(request: FastifyRequest): Actor {
  return { id: callerOf(request).id, requestId: request.id };
}

/** For answers that belong to one person or hold a secret. */
export const NO_STORE = { 'cache-control': 'no-store' } as const;
