/** What every part of the sidecar is given. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { AirbyteClient } from '../clients/airbyte.ts';
import type { Secrets } from '../clients/secrets.ts';
import type { VaultClient } from '../clients/vault.ts';
import type { Redactor } from '../redact.ts';
import type { AccessLog } from './audit/access-log.ts';
import type { Caller, Permission } from './callers/caller.ts';
import type { Database } from './database/database.ts';
import type { Metrics } from './metrics.ts';
import type { Providers } from './providers/providers.ts';
import type { Queue } from './queue/queue.ts';
import type { LogRequest } from './request-log.ts';
import type { SidecarSettings } from './settings.ts';
import type { Stack } from './stack/view.ts';
import type { Syncs } from './syncs/syncs.ts';
import type { TokenService } from './tokens/service.ts';
import type { Usage } from './usage/usage.ts';

export interface SidecarContext {
  readonly settings: SidecarSettings;
  readonly stack: Stack;
  readonly vault: VaultClient;
  readonly airbyte: AirbyteClient;
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  readonly database: Database;
  readonly queue: Queue;
  readonly providers: Providers;
  readonly tokens: TokenService;
  readonly syncs: Syncs;
  readonly accessLog: AccessLog;
  readonly usage: Usage;
  readonly metrics: Metrics;
  readonly log: FastifyBaseLogger;
  /** Default: no line for each request. */
  readonly logRequest?: LogRequest;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Variables, e.g. `NOTION_REDIRECT_URI`. Default: those of the process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The HTTP server: request and answer types come from zod schemas. */
export type SidecarServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** A group of routes. */
export type Routes = (app: SidecarServer, context: SidecarContext) => Promise<void> | void;

/**
 * Who may use a route. Each route must say it in its `config`, or the server does not start.
 * `tenantParam` names the path parameter with the tenant: the caller must be allowed to act for it.
 */
export type Access =
  | 'public'
  | {
      readonly permission: Permission;
      readonly tenantParam?: string;
      /**
       * True where query and body are passed on to another service: a `tenant` in them is that service's own word and is
       * not compared with the caller's. Default false.
       */
      readonly passesOn?: boolean;
    };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** True where the answers' security headers are the route's own business. */
    ownHeaders?: boolean;
  }
  interface FastifyRequest {
    /** The verified caller; null on public routes. Use `callerOf(request)`. */
    caller: Caller | null;
  }
}
