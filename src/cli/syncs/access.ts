/**
 * How commands about syncs reach them: through the sidecar's API where TENANTRY_URL and TENANTRY_API_KEY are set, else
 * through the stack's own Postgres, as the other commands do.
 */
import type { Schema } from '../../client/types.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { Io } from '../io.ts';
import type { StackOptions } from '../session.ts';
import { wayOf } from '../way.ts';

export type Run = Schema<'SyncRun'>;
export type RunPage = Schema<'SyncRunPage'>;
export type State = Schema<'SyncState'>;
export type Trouble = Schema<'SyncTrouble'>;
export type Usage = Schema<'Usage'>;
export type Quotas = Schema<'Quotas'>;

export interface Days {
  /** YYYY-MM-DD, UTC. Default: 30 days before `to`. */
  readonly from?: string | undefined;
  /** Default: today. */
  readonly to?: string | undefined;
}

/** The same answers whichever way is taken; failures are TenantryErrors. */
export interface SyncAccess {
  start(place: CredentialPlace): Promise<Run>;
  cancel(place: CredentialPlace, id: string): Promise<Run>;
  /** Yields the run as it is, and again after each change; undefined: there is nothing new. Ends with the run. */
  follow(place: CredentialPlace, id: string, signal: AbortSignal): AsyncGenerator<Run | undefined, void>;
  runs(place: CredentialPlace, page: { readonly limit: number; readonly before?: string }): Promise<RunPage>;
  states(tenant: string): Promise<readonly State[]>;
  /** Over all tenants. */
  trouble(limit: number): Promise<Trouble>;
  log(place: CredentialPlace, id: string): Promise<Schema<'SyncLog'>['lines']>;
  /** Of all tenants where none is named. */
  usage(tenant: string | undefined, days: Days): Promise<readonly Usage[]>;
  quotas(tenant: string): Promise<Quotas>;
}

export interface Place {
  readonly tenant?: string | undefined;
  readonly integration?: string | undefined;
}

/**
 * @param place checked against the documents where they are read: a typing error gets a suggestion
 * @throws what keeps the way from being opened
 */
export async function withSyncs<T>(
  options: StackOptions & { readonly place: Place },
  io: Io,
  work: (access: SyncAccess) => Promise<T>,
): Promise<T> {
  const { env, api } = await wayOf(options, io);
  if (api) {
    const { throughApi } = await import('./through-api.ts');
    return await work(throughApi(api));
  }
  const { throughDatabase } = await import('./through-database.ts');
  return await throughDatabase({ ...options, env }, io, work);
}
