/** Sessions in the platform tables: found by the hash of what the cookie holds. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '../../database/database.ts';
import { type Caller, isRole, type Role } from '../caller.ts';

/** What a session was opened with, so that it ends with it. */
export type Origin = { readonly kind: 'jwt' } | { readonly kind: 'api-key'; readonly key: string };

export interface Session {
  readonly caller: Caller;
  readonly origin: Origin;
  readonly expiresAt: Date;
  /** To be sent back in X-Tenantry-CSRF. */
  readonly csrfToken: string;
}

export interface NewSession {
  readonly caller: Caller;
  readonly origin: Origin;
  readonly now: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** @returns the session, and the secret for the cookie, which is not kept */
export async function openSession(
  database: Database,
  wanted: NewSession,
): Promise<{ readonly session: Session; readonly secret: string }> {
  const secret = randomBytes(32).toString('base64url');
  const csrfToken = csrfTokenOf(secret);
  const { origin, now } = wanted;
  const { role, tenants, id } = wanted.caller;
  const expiresAt = new Date(wanted.expiresAt);
  const [only] = tenants === 'all' || tenants.length > 1 ? [] : tenants;
  await keepSession(database, {
    idHash: sha256(secret),
    tenant: only ?? null,
    caller: JSON.stringify({ id, role, tenants, origin }),
    csrfHash: sha256(csrfToken),
    now,
    expiresAt: wanted.expiresAt,
  });
  return { session: { caller: sessionCaller({ id, role, tenants }), origin, expiresAt, csrfToken }, secret };
}

/** A row of the table of sessions, which holds begun sign-ins and tokens of the connect component too. */
export interface KeptSession {
  readonly idHash: Buffer;
  readonly tenant: string | null;
  /** JSON. */
  readonly caller: string;
  readonly csrfHash: Buffer;
  readonly now: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export async function keepSession(
  database: Database,
  { idHash, tenant, caller, csrfHash, now, expiresAt }: KeptSession,
): Promise<void> {
  await database.asPlatform(async (query) => {
    // Here, so that no timer is needed for it.
    await query('delete from tenantry.sessions where expires_at <= $1', [new Date(now)]);
    await query(
      `insert into tenantry.sessions (id_hash, tenant, caller, csrf_hash, created_at, expires_at)
       values ($1, $2, $3, $4, $5, $6)`,
      [idHash, tenant, caller, csrfHash, new Date(now), new Date(expiresAt)],
    );
  });
}

/** Undefined for one that has ended or never was. */
export async function findSession(
  database: Database,
  secret: string,
  now: number,
): Promise<Session | undefined> {
  if (!SECRET.test(secret)) return undefined;
  const [row] = await database.asPlatform((query) =>
    query<SessionRow>(
      'select caller, csrf_hash, expires_at from tenantry.sessions where id_hash = $1 and expires_at > $2',
      [sha256(secret), new Date(now)],
    ),
  );
  const csrfToken = csrfTokenOf(secret);
  if (row === undefined || !timingSafeEqual(row.csrf_hash, sha256(csrfToken))) return undefined;
  const { origin, ...caller } = storedCaller.parse(row.caller);
  return { caller: sessionCaller(caller), origin, expiresAt: row.expires_at, csrfToken };
}

export async function endSession(database: Database, secret: string): Promise<void> {
  await database.asPlatform((query) =>
    query('delete from tenantry.sessions where id_hash = $1', [sha256(secret)]),
  );
}

/**
 * Made from the session's secret, so that a page that was loaded anew can be told it again. Who knows it does not know
 * the secret.
 */
function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('tenantry csrf').digest('base64url');
}

function sessionCaller(caller: Pick<Caller, 'id' | 'role' | 'tenants'>): Caller {
  return { ...caller, kind: 'session', id: `session:${caller.id}` };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

interface SessionRow extends Record<string, unknown> {
  readonly caller: unknown;
  readonly csrf_hash: Buffer;
  readonly expires_at: Date;
}

const storedCaller = z.object({
  id: z.string(),
  role: z.custom<Role>(isRole),
  tenants: z.union([z.literal('all'), z.array(z.string())]),
  origin: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('jwt') }),
    z.object({ kind: z.literal('api-key'), key: z.string() }),
  ]),
});
