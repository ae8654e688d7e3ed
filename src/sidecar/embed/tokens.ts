/**
 * Tokens of the connect component: good for minutes, for one tenant, and for the few routes below /embed. Kept in the table
 * of sessions, where no cookie finds them: the cookie's secret has another form.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { keepSession } from '../callers/sessions/store.ts';
import type { Database } from '../database/database.ts';
import { hashOf, newSecret } from '../oauth/browser.ts';

/** Scanners of secrets know it by this; API keys begin otherwise. */
export const EMBED_PREFIX = 'tnye_';
const TOKEN = /^tnye_[A-Za-z0-9_-]{43}$/;
const KIND = 'embed';

export interface EmbedSession {
  readonly tenant: string;
  /** Undefined: every integration of the tenant. */
  readonly integrations: readonly string[] | undefined;
  readonly mayDisconnect: boolean;
  /** For the records: on whose word. */
  readonly actor: string;
}

export interface NewEmbedSession extends Omit<EmbedSession, 'actor'> {
  /** Id of the caller that asks for it. */
  readonly by: string;
  readonly now: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** @returns the token, which is not kept */
export async function openEmbedSession(database: Database, wanted: NewEmbedSession): Promise<string> {
  const token = EMBED_PREFIX + newSecret();
  const { tenant, integrations, mayDisconnect, by, now, expiresAt } = wanted;
  await keepSession(database, {
    idHash: hashOf(token),
    tenant,
    caller: JSON.stringify({ kind: KIND, integrations: integrations ?? null, mayDisconnect, by }),
    // No request is proven by it.
    csrfHash: randomBytes(32),
    now,
    expiresAt,
  });
  return token;
}

const stored = z.object({
  integrations: z.array(z.string()).nullable(),
  mayDisconnect: z.boolean(),
  by: z.string(),
});

/** Undefined for one that is over, never was, or whose API key was revoked or has ended. */
export async function findEmbedSession(
  database: Database,
  token: string,
  now: number,
): Promise<EmbedSession | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const [row] = await database.asPlatform((query) =>
    query<{ tenant: string; caller: unknown }>(
      `select own.tenant, own.caller from tenantry.sessions as own
       where own.id_hash = $1 and own.caller->>'kind' = $2 and own.expires_at > $3 and own.tenant is not null
         and not exists (
           select from tenantry.api_keys as key
           where key.id = regexp_replace(own.caller->>'by', '^(session:)?api-key:', '')
             and (key.revoked_at is not null or key.expires_at <= $3))`,
      [hashOf(token), KIND, new Date(now)],
    ),
  );
  if (!row) return undefined;
  const { integrations, mayDisconnect, by } = stored.parse(row.caller);
  return { tenant: row.tenant, integrations: integrations ?? undefined, mayDisconnect, actor: `embed:${by}` };
}

export function mayUse({ integrations }: Pick<EmbedSession, 'integrations'>, integration: string): boolean {
  return integrations === undefined || integrations.includes(integration);
}
