/** The rows of connect flows: begun, taken once by the callback, settled. */
import { type ErrorCode, TenantryError } from '../../errors.ts';
import type { Database, Query } from '../database/database.ts';
import { FLOW_SECONDS, hashOf } from './browser.ts';

export interface NewFlow {
  readonly id: string;
  readonly tenant: string;
  readonly integration: string;
  /** In clear; kept as SHA-256. */
  readonly state: string;
  /** Value of the browser's cookie; kept as SHA-256. */
  readonly browser: string;
  /** PKCE verifier as Transit cipher text; empty where nobody is sent to a provider. */
  readonly verifier: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly returnTo: string | undefined;
  readonly openerOrigin: string | undefined;
  readonly actor: string;
  /** Client id of the app that it is begun with; kept as SHA-256. Undefined where nobody is sent to a provider. */
  readonly app?: string;
}

/** A flow as it was begun; what a callback needs comes from here and never from the request. */
export interface Flow {
  readonly id: string;
  readonly tenant: string;
  readonly integration: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly returnTo: string | undefined;
  readonly openerOrigin: string | undefined;
  readonly actor: string;
  /** SHA-256 of the client id of its app; undefined: nobody wrote it down. */
  readonly app?: Buffer;
}

type FlowRow = {
  id: string;
  tenant: string;
  integration: string;
  verifier: string;
  redirect_uri: string;
  scopes: string[];
  return_to: string | null;
  opener_origin: string | null;
  actor: string;
  app: Buffer | null;
};

const COLUMNS =
  'id, tenant, integration, verifier, redirect_uri, scopes, return_to, opener_origin, actor, app' as const;

/** Inserts a flow that ends after ten minutes. `status` exchanging: one that no callback may take. */
export async function insertFlow(
  query: Query,
  flow: NewFlow,
  now: number,
  status: 'pending' | 'exchanging' = 'pending',
): Promise<void> {
  await query(
    `insert into tenantry.oauth_states (id, tenant, integration, state_hash, browser_hash, verifier, redirect_uri,
       scopes, return_to, opener_origin, actor, status, created_at, expires_at, app)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, to_timestamp($13), to_timestamp($14), $15)`,
    [
      flow.id,
      flow.tenant,
      flow.integration,
      hashOf(flow.state),
      hashOf(flow.browser),
      flow.verifier,
      flow.redirectUri,
      flow.scopes,
      flow.returnTo ?? null,
      flow.openerOrigin ?? null,
      flow.actor,
      status,
      now / 1000,
      now / 1000 + FLOW_SECONDS,
      flow.app === undefined ? null : hashOf(flow.app),
    ],
  );
}

/** What a callback shows of the flow that it belongs to. */
export interface CallbackKey {
  readonly integration: string;
  /** Undefined: the provider does not send it back; then the browser alone tells the flow. */
  readonly state: string | undefined;
  readonly browser: string | undefined;
}

/**
 * Takes the flow of a callback, once: of two callbacks at the same time one gets it.
 * @throws StateInvalid, in words that say why
 */
export async function takeFlow(database: Database, key: CallbackKey, now: number): Promise<Flow> {
  return await database.asPlatform(async (query) => {
    const [row] = await query<FlowRow>(
      `update tenantry.oauth_states set status = 'exchanging', used_at = to_timestamp($4)
        where id = (${PENDING}) and status = 'pending' returning ${COLUMNS}`,
      pendingParams(key, now),
    );
    if (row) return flowOf(row);
    throw new TenantryError('StateInvalid', await whyNot(query, key, now));
  });
}

/** The same without taking it: for a provider whose code may come later. @throws StateInvalid */
export async function findFlow(database: Database, key: CallbackKey, now: number): Promise<Flow> {
  return await database.asPlatform(async (query) => {
    const [row] = await query<FlowRow>(
      `select ${COLUMNS} from tenantry.oauth_states where id = (${PENDING})`,
      pendingParams(key, now),
    );
    if (row) return flowOf(row);
    throw new TenantryError('StateInvalid', await whyNot(query, key, now));
  });
}

/** The newest, since where no state comes back only the last flow of a browser is alive (see endOthers). */
const PENDING = `select id from tenantry.oauth_states
  where integration = $1 and ($2::bytea is null or state_hash = $2) and browser_hash = $3 and status = 'pending'
    and expires_at > to_timestamp($4)
  order by created_at desc, id limit 1`;

function pendingParams({ integration, state, browser }: CallbackKey, now: number): unknown[] {
  return [
    integration,
    state === undefined ? null : hashOf(state),
    // Without a cookie nothing fits: no browser's hash is empty.
    browser === undefined ? Buffer.alloc(0) : hashOf(browser),
    now / 1000,
  ];
}

async function whyNot(query: Query, key: CallbackKey, now: number): Promise<string> {
  if (key.browser === undefined) return 'connecting was not begun in this browser';
  if (key.state === undefined) return 'nothing was begun in this browser that this could belong to';
  const [row] = await query<{ integration: string; status: string; late: boolean; same: boolean }>(
    `select integration, status, expires_at <= to_timestamp($2) as late, browser_hash = $3 as same
       from tenantry.oauth_states where state_hash = $1`,
    [hashOf(key.state), now / 1000, hashOf(key.browser)],
  );
  if (!row) return 'the state is unknown';
  if (!row.same) return 'connecting was begun in another browser';
  if (row.integration !== key.integration) return 'the state belongs to another integration';
  return row.status === 'pending' && row.late
    ? 'connecting took longer than 10 minutes'
    : 'this answer of the provider was used already';
}

/** Ends the flows that a browser left open for an integration whose callbacks do not say which one they belong to. */
export async function endOthers(
  query: Query,
  of: { readonly integration: string; readonly browser: string },
): Promise<void> {
  await query(
    `update tenantry.oauth_states set status = 'failed', error_code = 'StateInvalid'
      where integration = $1 and browser_hash = $2 and status = 'pending'`,
    [of.integration, hashOf(of.browser)],
  );
}

export async function settleFlow(
  database: Database,
  flow: Pick<Flow, 'id' | 'tenant'>,
  error?: ErrorCode,
): Promise<void> {
  await database.asTenant(flow.tenant, (query) =>
    query('update tenantry.oauth_states set status = $2, error_code = $3 where id = $1', [
      flow.id,
      error === undefined ? 'complete' : 'failed',
      error ?? null,
    ]),
  );
}

function flowOf(row: FlowRow): Flow {
  return {
    id: row.id,
    tenant: row.tenant,
    integration: row.integration,
    verifier: row.verifier,
    redirectUri: row.redirect_uri,
    scopes: row.scopes,
    returnTo: row.return_to ?? undefined,
    openerOrigin: row.opener_origin ?? undefined,
    actor: row.actor,
    ...(row.app !== null && { app: row.app }),
  };
}
