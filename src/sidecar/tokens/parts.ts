/** What custody is made from. */
import type { FastifyBaseLogger } from 'fastify';
import type { VaultClient } from '../../clients/vault.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError } from '../../errors.ts';
import type { Redactor } from '../../redact.ts';
import type { AccessLog } from '../audit/access-log.ts';
import type { Database } from '../database/database.ts';
import type { Metrics } from '../metrics.ts';
import type { Providers } from '../providers/providers.ts';
import type { Queue } from '../queue/queue.ts';
import type { SidecarSettings } from '../settings.ts';
import type { IntegrationView, Stack } from '../stack/view.ts';

/** What has become of a credential, for who wants to be told. */
export interface CredentialChange {
  readonly place: CredentialPlace;
  readonly type: 'connected' | 'needs_reauthorization' | 'revoked';
  /** Tells two changes of one kind apart: the same change has the same id, however often it is told. */
  readonly id: string;
  /** Whose doing it was: a caller's id, or `system:…`. Default: nobody's. */
  readonly by?: string;
  /** Error code and words without secrets. */
  readonly reason?: { readonly code: string; readonly message: string };
}

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
  /** Told after each change is stored. A failure is logged and changes nothing. Default: nobody is told. */
  readonly onChange?: ((change: CredentialChange) => Promise<void>) | undefined;
  /** For spec.sidecar.tokens.environment. Default: that of the process. */
  readonly env?: NodeJS.ProcessEnv;
  /** How long a refresh holds its lease, in milliseconds. Default 60,000. */
  readonly leaseMs?: number;
}

/** Limits by the real clock; `now` is the time of tokens and may be another one. */
export const LEASE_MS = 60_000;

/** Never fails: what has changed has changed. */
export async function tellOfChange(
  { onChange, log }: Pick<TokenParts, 'onChange' | 'log'>,
  change: CredentialChange,
): Promise<void> {
  await onChange?.(change).catch((error: unknown) => {
    log.warn({ ...change.place, err: asTenantryError(error) }, 'the change of a credential was not told');
  });
}

export function placeOf({ document }: Pick<IntegrationView, 'document'>): CredentialPlace {
  return { tenant: document.spec.tenant, integration: document.spec.integration };
}
