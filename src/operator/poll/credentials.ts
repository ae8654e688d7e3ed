/** What the sidecar knows of credentials, and its notices that one has changed. */
import { setTimeout as timer } from 'node:timers/promises';
import { z } from 'zod';
import { type Backends, postgresOptions } from '../../clients/connect.ts';
import { asTenantryError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Database, Query } from '../../sidecar/database/database.ts';
import { sidecarSettings } from '../../sidecar/settings.ts';
import { CREDENTIALS_CHANNEL } from '../../sidecar/tokens/notices.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import type { CredentialState, CredentialStatus } from '../objects.ts';

export interface Credentials {
  /** By `tenant/integration`; empty while the sidecar's tables cannot be read. Never rejects. */
  of(tenants: readonly string[]): Promise<ReadonlyMap<string, CredentialStatus>>;
  close(): Promise<void>;
}

export interface CredentialsOptions {
  readonly platform: PlatformDocument;
  readonly env: NodeJS.ProcessEnv;
  readonly backends: Backends;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** A tenant's credential changed; undefined: notices may have been missed, so any may have. */
  readonly onNotice: (tenant: string | undefined) => void;
}

const STATES: Readonly<Record<string, CredentialState>> = {
  active: 'Ready',
  expired: 'Expired',
  needs_reauthorization: 'NeedsReauthorization',
  revoked: 'Revoked',
};

interface Row extends Record<string, unknown> {
  readonly tenant: string;
  readonly integration: string;
  readonly credential_state: string;
  readonly expires_at: Date | null;
  readonly last_refreshed_at: Date | null;
  readonly scopes: readonly string[];
}

const READ = `select tenant, integration, credential_state, expires_at, last_refreshed_at, scopes
  from tenantry.installations where tenant = any($1)`;

const notice = z.object({ tenant: z.string() });

/** Without the sidecar's login, or before its tables are there, nothing is known and polls do the work. */
export async function watchCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { log, signal, onNotice } = options;
  const database = await open(options).catch((error: unknown) => {
    log.info({ err: asTenantryError(error) }, 'no notices of the sidecar: credentials are polled');
    return undefined;
  });
  if (database === undefined) return { of: async () => new Map(), close: async () => undefined };
  const listening = listen(database, signal, onNotice);
  let failed = false;
  return {
    async of(tenants) {
      try {
        const rows = await database.asPlatform((query: Query) => query<Row>(READ, [tenants]), { signal });
        failed = false;
        return new Map(rows.map((row) => [`${row.tenant}/${row.integration}`, statusOf(row)]));
      } catch (error) {
        if (!failed && !signal.aborted)
          log.warn({ err: asTenantryError(error) }, 'the sidecar’s tables cannot be read');
        failed = true;
        return new Map();
      }
    },
    async close() {
      await database.close();
      await listening;
    },
  };
}

async function open({ platform, env, backends }: CredentialsOptions): Promise<Database> {
  const { database: login } = sidecarSettings(platform, env, { posture: 'gateway' });
  const { secrets, redactor, settings } = backends;
  const systems = await postgresOptions(settings, secrets, { redactor });
  const password = await secrets.resolve(login.password);
  const { createDatabase } = await import('../../sidecar/database/pooled-database.ts');
  return createDatabase({
    ...systems,
    user: login.user,
    password,
    concurrency: 2,
    applicationName: 'tenantry operator',
  });
}

/** A connection that is lost is made anew by the database; what it missed is told as a gap. */
async function listen(
  database: Database,
  signal: AbortSignal,
  onNotice: CredentialsOptions['onNotice'],
): Promise<void> {
  const listener = {
    onNotice: (payload: unknown) => {
      const { success, data } = notice.safeParse(payload);
      if (success) onNotice(data.tenant);
    },
    onGap: () => onNotice(undefined),
  };
  while (!signal.aborted) {
    try {
      await database.listen(CREDENTIALS_CHANNEL, listener);
      return;
    } catch {
      await timer(10_000, undefined, { signal }).catch(() => undefined);
    }
  }
}

function statusOf(row: Row): CredentialStatus {
  return {
    state: STATES[row.credential_state] ?? 'Ready',
    ...(row.expires_at && { expiresAt: wholeSeconds(row.expires_at) }),
    ...(row.last_refreshed_at && { lastRefreshTime: wholeSeconds(row.last_refreshed_at) }),
    ...(row.scopes.length > 0 && { scopes: row.scopes }),
  };
}

function wholeSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
