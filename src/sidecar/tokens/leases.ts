/**
 * The right to refresh one credential: a row with an end by Postgres' clock and a number (fence) that grows with each
 * holder. Whatever is written under a fence that has passed changes nothing.
 */
import type { CallOptions } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { Database, Query } from '../database/database.ts';
import { type InstallationRow, SELECT_LIVE } from './installation-row.ts';
import { type LeaseClock, startLeaseClock } from './provider-call.ts';

export interface LeaseOptions {
  readonly database: Database;
  /** Name of this replica, for people who look at the table. */
  readonly holder: string;
  /** Longer than the call to the provider and the writes around it. */
  readonly leaseMs: number;
}

export interface Lease {
  readonly fence: number;
  /** KV version whose refresh token an earlier holder has sent, and whose answer it did not store. */
  readonly callingVersion: number | undefined;
  readonly clock: LeaseClock;
}

export interface Acquired {
  /** Undefined: another replica holds it, or `refuse` said so. */
  readonly lease: Lease | undefined;
  /** Undefined also when another replica holds it. */
  readonly row: InstallationRow | undefined;
}

export interface Leases {
  /** @param refuse decides by the installation's row whether it is given back in the same transaction */
  acquire(
    place: CredentialPlace,
    refuse: (row: InstallationRow | undefined) => boolean,
    options?: CallOptions,
  ): Promise<Acquired>;
  /** Holds it for another while. False: it has passed to somebody else. */
  extend(place: CredentialPlace, fence: number, options?: CallOptions): Promise<boolean>;
  /** The record before a call, committed by itself. False: the lease has passed to somebody else. */
  recordCall(
    place: CredentialPlace,
    call: { readonly fence: number; readonly version: number },
    options?: CallOptions,
  ): Promise<boolean>;
  /** Gives it back; the record of a call stays, because nobody knows what came of it. */
  release(place: CredentialPlace, fence: number): Promise<void>;
}

const ACQUIRE = `
  insert into tenantry.refresh_leases as l (tenant, integration, fence, holder, held_until)
  values ($1, $2, 1, $3, clock_timestamp() + $4::float8 * interval '1 ms')
  on conflict (tenant, integration) do update set
    fence = l.fence + 1, holder = excluded.holder, held_until = clock_timestamp() + $4::float8 * interval '1 ms'
    where l.held_until is null or l.held_until <= clock_timestamp()
  returning fence, calling_version`;

const EXTEND = `
  update tenantry.refresh_leases set held_until = clock_timestamp() + $4::float8 * interval '1 ms'
  where tenant = $1 and integration = $2 and fence = $3 returning 1`;

const RECORD = `
  update tenantry.refresh_leases set
    calling_version = $4, calling_fence = $3, calling_since = clock_timestamp()
  where tenant = $1 and integration = $2 and fence = $3 and held_until > clock_timestamp() returning 1`;

const RELEASE = `
  update tenantry.refresh_leases set holder = null, held_until = null
  where tenant = $1 and integration = $2 and fence = $3`;

export function createLeases({ database, holder, leaseMs }: LeaseOptions): Leases {
  return {
    async acquire({ tenant, integration }, refuse, options) {
      const clock = startLeaseClock(leaseMs);
      return await database.asTenant(
        tenant,
        async (query): Promise<Acquired> => {
          const [taken] = await query<{ fence: number; calling_version: number | null }>(ACQUIRE, [
            tenant,
            integration,
            holder,
            leaseMs,
          ]);
          if (!taken) return { lease: undefined, row: undefined };
          // A statement of its own: it sees what the holder before has committed while we waited for its row.
          const [row] = await query<InstallationRow>(SELECT_LIVE, [tenant, integration]);
          if (refuse(row)) {
            await query(RELEASE, [tenant, integration, taken.fence]);
            return { lease: undefined, row };
          }
          const callingVersion = taken.calling_version ?? undefined;
          return { lease: { fence: taken.fence, callingVersion, clock }, row };
        },
        options,
      );
    },
    async extend({ tenant, integration }, fence, options) {
      const rows = await database.asTenant(
        tenant,
        (query) => query(EXTEND, [tenant, integration, fence, leaseMs]),
        options,
      );
      return rows.length > 0;
    },
    async recordCall({ tenant, integration }, { fence, version }, options) {
      const rows = await database.asTenant(
        tenant,
        (query) => query(RECORD, [tenant, integration, fence, version]),
        options,
      );
      return rows.length > 0;
    },
    async release({ tenant, integration }, fence) {
      await database.asTenant(tenant, (query) => query(RELEASE, [tenant, integration, fence]));
    },
  };
}

/** Ends what any holder may still do beside storing its answer by check-and-set; for a new grant and for its end. */
export async function passFence(query: Query, { tenant, integration }: CredentialPlace): Promise<void> {
  await query(
    `insert into tenantry.refresh_leases as l (tenant, integration, fence) values ($1, $2, 1)
     on conflict (tenant, integration) do update set
       fence = l.fence + 1, holder = null, held_until = null,
       calling_version = null, calling_since = null, calling_fence = null`,
    [tenant, integration],
  );
}
