/** What the runner is made from. */
import type { FastifyBaseLogger } from 'fastify';
import type { AirbyteClient } from '../../clients/airbyte.ts';
import type { VaultClient } from '../../clients/vault.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { Database } from '../database/database.ts';
import type { Metrics } from '../metrics.ts';
import type { Queue } from '../queue/queue.ts';
import type { Stack } from '../stack/view.ts';
import type { TokenService } from '../tokens/service.ts';
import type { Pushed } from '../tokens/source-push.ts';
import type { Diagnose } from './failures/diagnose.ts';
import type { RetryInput } from './failures/retry.ts';
import type { CheckQuota, Classify, TellEnd } from './runner.ts';
import type { SchemaWatch } from './schema/watch.ts';
import type { Syncs } from './syncs.ts';

export interface SyncParts {
  readonly stack: Stack;
  readonly vault: Pick<VaultClient, 'read' | 'kvMount'>;
  readonly airbyte: AirbyteClient;
  readonly database: Database;
  readonly queue: Queue;
  /** For the jobs that begin syncs: an Airbyte that hangs must not hold up refreshes. */
  readonly startQueue: Queue;
  readonly tokens: Pick<TokenService, 'get' | 'renew' | 'status'>;
  readonly metrics: Pick<Metrics, 'syncRuns' | 'syncRows' | 'syncBytes' | 'syncStartSeconds' | 'syncSeconds'>;
  readonly log: Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn' | 'error'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 ≤ x < 1. Default Math.random. */
  readonly random?: () => number;
  /** Why there is no Airbyte, where its settings are missing. */
  readonly withoutAirbyte?: string | undefined;
  /** Brings the source in step; looks for it in the workspace of the hint first. */
  push(
    place: CredentialPlace,
    signal: AbortSignal,
    hint?: { readonly workspaceId?: string },
  ): Promise<Pushed>;
  /** Words for what holds a run up. */
  readonly classify: Classify;
  /** Why a run failed, for which the provider may be asked. */
  readonly diagnose: Diagnose;
  readonly retryDelay: (input: RetryInput) => number | undefined;
  readonly checkQuota: CheckQuota;
  readonly tellEnd: TellEnd;
  /** Looks at the source's schema, because of which runs may rest. Default: nobody looks. */
  readonly schema?: Pick<SchemaWatch, 'before' | 'look'>;
  readonly readLog: Syncs['log'];
}

/** With what has a default. */
export interface Runner extends SyncParts {
  readonly random: () => number;
}
