/** What the sidecar knows of credentials, and its notices that one has changed. */
import { z } from 'zod';
import type { Backends } from '../../clients/connect.ts';
import { existingFingerprintKey } from '../../clients/fingerprint-key.ts';
import type { Sleep } from '../../clients/retry.ts';
import { createSecrets } from '../../clients/secrets.ts';
import { asTenantryError, type TenantryError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Database } from '../../sidecar/database/database.ts';
import { openDatabase } from '../../sidecar/database/login.ts';
import { CREDENTIALS_CHANNEL } from '../../sidecar/tokens/notices.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import type { CredentialStatus } from '../objects.ts';
import { readCredentials } from './credential-rows.ts';
import { pause } from './pause.ts';
import { readToldSyncs, type ToldSync } from './sync-rows.ts';

export interface Credentials {
  /** By `tenant/integration`; empty while the sidecar's tables cannot be read. Never rejects. */
  of(tenants: readonly string[]): Promise<ReadonlyMap<string, CredentialStatus>>;
  /** By id of the connection; undefined while the sidecar's tables cannot be read. Never rejects. */
  syncs(): Promise<ReadonlyMap<string, ToldSync> | undefined>;
  close(): Promise<void>;
}

export interface CredentialsOptions {
  readonly platform: PlatformDocument;
  readonly env: NodeJS.ProcessEnv;
  readonly backends: Pick<Backends, 'vault' | 'redactor' | 'settings'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Ends everything; to be aborted before `close`. */
  readonly signal: AbortSignal;
  /** A tenant's credential changed; undefined: notices may have been missed, so any may have. */
  readonly onNotice: (tenant: string | undefined) => void;
  /** 0 ≤ x < 1. Default Math.random. */
  readonly random?: () => number;
  /** Ends early when the signal aborts. Default: a timer. */
  readonly sleep?: Sleep;
}

/** A reconcile does not wait longer for what it can do without, in milliseconds. */
const READ_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 60_000;

const notice = z.object({ tenant: z.string() });

/**
 * Resolves after the first try to log in; a login that fails is tried again, and one that is refused later is made anew,
 * because passwords rotate. Without settings for it, and before the sidecar's tables are there, nothing is known and polls do
 * the work.
 */
export async function watchCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { log, signal, onNotice } = options;
  const first = Promise.withResolvers<void>();
  let login: Login | undefined;
  let told: string | undefined;

  /** The same trouble is told once. */
  function tell(error: TenantryError): void {
    if (signal.aborted || told === error.code) return;
    told = error.code;
    log.warn({ err: error }, 'the sidecar’s tables cannot be read: credentials are polled');
  }

  async function keep(): Promise<void> {
    for (let round = 0; !signal.aborted; round++) {
      login = await logIn(options, first.resolve, tell);
      first.resolve();
      if (login === undefined) return;
      if (round > 0) onNotice(undefined);
      await login.ended;
      await login.database.close();
    }
  }
  const kept = keep();
  await first.promise;

  async function read<T>(
    work: (database: Database, limit: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const used = login;
    if (used === undefined) return undefined;
    try {
      const found = await work(used.database, AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]));
      told = undefined;
      return found;
    } catch (thrown) {
      const error = asTenantryError(thrown);
      tell(error);
      if (error.code === 'PostgresUnauthorized') used.end();
      return undefined;
    }
  }

  return {
    async of(tenants) {
      return (await read((database, limit) => readCredentials(database, tenants, limit))) ?? new Map();
    },
    syncs: () => read(readToldSyncs),
    close: () => kept,
  };
}

interface Login {
  readonly database: Database;
  readonly ended: Promise<void>;
  end(): void;
}

/** Undefined when it will never be: there are no settings for it, or the signal aborted. */
async function logIn(
  options: CredentialsOptions,
  onTried: () => void,
  onFailed: (error: TenantryError) => void,
): Promise<Login | undefined> {
  const { signal, log, random = Math.random, sleep = pause } = options;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await startListening(await open(options), options);
    } catch (thrown) {
      const error = asTenantryError(thrown);
      if (error.code === 'MissingSetting') {
        log.info({ err: error }, 'no login of the sidecar’s is known: credentials are polled');
        return undefined;
      }
      onFailed(error);
      onTried();
      const most = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10), MOST_PAUSE_MS);
      await sleep(most * (0.5 + random() / 2), signal);
    }
  }
  return undefined;
}

async function open({ platform, env, backends }: CredentialsOptions): Promise<Database> {
  const { vault, redactor, settings } = backends;
  // What is remembered elsewhere may be the password of before.
  const fingerprintKey = () => existingFingerprintKey(vault);
  const secrets = createSecrets({ vault, env, redactor, fingerprintKey });
  const applicationName = 'tenantry operator';
  return openDatabase({ platform, env, settings, secrets, redactor, applicationName });
}

/** A connection that is lost is made anew by the database; what it missed is told as a gap. */
async function startListening(database: Database, { signal, onNotice }: CredentialsOptions): Promise<Login> {
  const ended = Promise.withResolvers<void>();
  const end = (): void => ended.resolve();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const listener = {
    onNotice(payload: unknown): void {
      const { success, data } = notice.safeParse(payload);
      if (success && !signal.aborted) onNotice(data.tenant);
    },
    onGap(): void {
      if (!signal.aborted) onNotice(undefined);
    },
  };
  // What changes after the first look must be told: it resolves when it listens, or has tried to and goes on trying.
  await database.listen(CREDENTIALS_CHANNEL, listener);
  return { database, ended: ended.promise, end };
}
