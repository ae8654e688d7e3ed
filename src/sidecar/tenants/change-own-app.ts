/** Changes the app that a tenant has stored: only while no token is there that belongs to another one. */
import { type CredentialPlace, readStored } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import { recordDone } from '../audit/record-done.ts';
import type { SidecarContext } from '../context.ts';
import type { Query } from '../database/database.ts';
import { type OwnApp, removeApp, storeApp, storedAppReader } from '../providers/stored-app.ts';
import type { IntegrationView } from '../stack/view.ts';
import { isTombstone } from '../tokens/held.ts';
import type { Actor } from '../tokens/service.ts';

/** A row lock is held meanwhile. In milliseconds. */
const CHANGE_MS = 20_000;

/**
 * A new secret of the same app is taken at any time.
 * @throws Blocked where the document names an app; Conflict while the integration is connected
 */
export async function putOwnApp(
  context: SidecarContext,
  view: IntegrationView,
  app: OwnApp,
  actor: Actor,
): Promise<void> {
  const place = placeOf(view);
  if (view.document.spec.app) {
    throw new TenantryError(
      'Blocked',
      `the document of ${place.tenant} names the app of ${view.entry.name}`,
      {
        hint: 'change spec.app of the document, or take it out first',
      },
    );
  }
  await locked(context, place, async (query, signal) => {
    const before = await storedAppReader(context)(place, { signal });
    const isSame = before?.app.clientId === app.clientId && before.app.appId === app.appId;
    if (!isSame) await requireDisconnected(context, view, query, signal);
    const since = new Date(context.now()).toISOString();
    await storeApp(context, place, { app, since, by: actor.id }, { signal });
  });
  await record(context, place, 'app.store', actor);
}

/** @returns whether there was one. @throws Conflict while the integration is connected by it */
export async function removeOwnApp(
  context: SidecarContext,
  view: IntegrationView,
  actor: Actor,
): Promise<boolean> {
  const place = placeOf(view);
  const wasThere = await locked(context, place, async (query, signal) => {
    // With an app in the document the stored one has no tokens.
    if (!view.document.spec.app && (await storedAppReader(context)(place, { signal })) !== undefined) {
      await requireDisconnected(context, view, query, signal);
    }
    return await removeApp(context, place, { signal });
  });
  if (wasThere) await record(context, place, 'app.remove', actor);
  return wasThere;
}

/** The lock that a new credential is stored under: neither comes about while the other is under way. */
async function locked<T>(
  { database }: SidecarContext,
  place: CredentialPlace,
  change: (query: Query, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(CHANGE_MS);
  return await database.asTenant(
    place.tenant,
    async (query) => {
      await query(
        `insert into tenantry.refresh_leases as l (tenant, integration) values ($1, $2)
         on conflict (tenant, integration) do update set fence = l.fence`,
        [place.tenant, place.integration],
      );
      return await change(query, signal);
    },
    { signal },
  );
}

async function requireDisconnected(
  { vault }: SidecarContext,
  view: IntegrationView,
  query: Query,
  signal: AbortSignal,
): Promise<void> {
  const place = placeOf(view);
  const rows = await query(
    `select 1 from tenantry.installations where tenant = $1 and integration = $2 and status <> 'revoked'`,
    [place.tenant, place.integration],
  );
  // Somebody may have written a token by hand, of which no row knows yet.
  const stored = await readStored(vault, place, { signal });
  if (rows.length === 0 && (!stored || isTombstone(stored.data))) return;
  throw new TenantryError(
    'Conflict',
    `${view.entry.name} is connected, and its token belongs to the app that got it`,
    { hint: `disconnect ${view.entry.name} first, then change the app and connect again` },
  );
}

function placeOf({ tenant, entry }: IntegrationView): CredentialPlace {
  return { tenant: tenant.metadata.name, integration: entry.id };
}

async function record(
  context: SidecarContext,
  place: CredentialPlace,
  action: 'app.store' | 'app.remove',
  actor: Actor,
): Promise<void> {
  await recordDone(context, { ...place, action }, actor, 'a change of an own app was not recorded');
}
