/** What custody is made from. */
import type { FastifyBaseLogger } from 'fastify';
import type { VaultClient } from '../../clients/vault.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { Redactor } from '../../redact.ts';
import type { AccessLog } from '../audit/access-log.ts';
import type { Database } from '../database/database.ts';
import type { Metrics } from '../metrics.ts';
import type { Providers } from '../providers/providers.ts';
import type { Queue } from '../queue/queue.ts';
import type { SidecarSettings } from '../settings.ts';
import type { IntegrationView, Stack } from '../stack/view.ts';

export interface TokenParts {
  readonly vault: VaultClient;
  readonly database: Database;
  readonly queue: Pick<Queue, 'add' | 'addMany' | 'remove'>;
  readonly providers: Providers;
  readonly stack: Stack;
  readonly redactor: Redactor;
  readonly metrics: Pick<Metrics, 'tokenReads' | 'refreshes' | 'encryptedInPlace'>;
  readonly accessLog: Pick<AccessLog, 'record'>;
  readonly settings: Pick<SidecarSettings, 'spec'>;
  readonly log: Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn' | 'error'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 0 ≤ x < 1. Default Math.random. */
  readonly random?: () => number;
  /** Name of this replica in the table of leases. Default: the machine’s name and a random part. */
  readonly replica?: string;
  /** For spec.sidecar.tokens.environment. Default: that of the process. */
  readonly env?: NodeJS.ProcessEnv;
  /** How long a refresh holds its lease, in milliseconds. Default 60,000. */
  readonly leaseMs?: number;
}

/** Limits by the real clock; `now` is the time of tokens and may be another one. */
export const LEASE_MS = 60_000;

export function placeOf({ document }: Pick<IntegrationView, 'document'>): CredentialPlace {
  return { tenant: document.spec.tenant, integration: document.spec.integration };
}
