/** Connect links: an address that a person opens to connect, good for one use. */
import { createHmac, randomUUID } from 'node:crypto';
import { TenantryError } from '../../errors.ts';
import type { Database, Query } from '../database/database.ts';
import type { SidecarSettings } from '../settings.ts';
import { hashOf, newSecret } from './browser.ts';
import { type FlowStatus, flowStatus } from './flow-status.ts';

export interface NewLink {
  readonly tenant: string;
  readonly integration: string;
  readonly returnTo: string | undefined;
  readonly openerOrigin: string | undefined;
  readonly actor: string;
  readonly seconds: number;
}

export interface MadeLink {
  readonly id: string;
  /** The flow that the link will begin. */
  readonly flow: string;
  /** State that the flow will have. */
  readonly state: string;
  readonly url: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

export interface Link {
  readonly id: string;
  readonly flow: string;
  readonly tenant: string;
  readonly integration: string;
  readonly returnTo: string | undefined;
  readonly openerOrigin: string | undefined;
  readonly actor: string;
}

export async function makeLink(
  {
    database,
    settings,
    now,
  }: {
    database: Database;
    settings: Pick<SidecarSettings, 'publicUrl'>;
    now: () => number;
  },
  link: NewLink,
): Promise<MadeLink> {
  const token = newSecret();
  const id = randomUUID();
  const flow = randomUUID();
  const at = now();
  const expiresAt = new Date(at + link.seconds * 1000);
  await database.asTenant(link.tenant, (query) =>
    query(
      `insert into tenantry.connect_links
         (id, tenant, integration, token_hash, return_to, opener_origin, actor, created_at, expires_at, flow)
       values ($1, $2, $3, $4, $5, $6, $7, to_timestamp($8), $9, $10)`,
      [
        id,
        link.tenant,
        link.integration,
        hashOf(token),
        link.returnTo ?? null,
        link.openerOrigin ?? null,
        link.actor,
        at / 1000,
        expiresAt,
        flow,
      ],
    ),
  );
  const url = `${settings.publicUrl}/connect/${token}`;
  return { id, flow, state: stateOfLink(token), url, expiresAt: expiresAt.toISOString() };
}

/**
 * The state of the flow that a link begins. It follows from the link's 256 random bits, so that who made the link can
 * be told the state although it is kept nowhere.
 */
export function stateOfLink(token: string): string {
  return createHmac('sha256', token).update('oauth state').digest('base64url');
}

type LinkRow = {
  id: string;
  flow: string;
  tenant: string;
  integration: string;
  return_to: string | null;
  opener_origin: string | null;
  actor: string;
  used: boolean;
  late: boolean;
};

/** The link of a token, not consumed. @throws StateInvalid when it is unknown, used or too old */
export async function findLink(database: Database, token: string, now: number): Promise<Link> {
  const [row] = await database.asPlatform((query) =>
    query<LinkRow>(
      `select id, flow, tenant, integration, return_to, opener_origin, actor, used_at is not null as used,
              expires_at <= to_timestamp($2) as late
         from tenantry.connect_links where token_hash = $1`,
      [hashOf(token), now / 1000],
    ),
  );
  if (!row) throw linkInvalid('this connect link is unknown');
  if (row.used) throw linkInvalid('this connect link was used already');
  if (row.late) throw linkInvalid('this connect link is too old');
  return {
    id: row.id,
    flow: row.flow,
    tenant: row.tenant,
    integration: row.integration,
    returnTo: row.return_to ?? undefined,
    openerOrigin: row.opener_origin ?? undefined,
    actor: row.actor,
  };
}

/** Consumes the link, in the transaction that begins its flow. @throws StateInvalid for all but one of many */
export async function consumeLink(query: Query, id: string, now: number): Promise<void> {
  const rows = await query(
    `update tenantry.connect_links set used_at = to_timestamp($2)
      where id = $1 and used_at is null and expires_at > to_timestamp($2) returning id`,
    [id, now / 1000],
  );
  if (rows.length === 0) throw linkInvalid('this connect link was used already');
}

function linkInvalid(message: string): TenantryError {
  return new TenantryError('StateInvalid', message, {
    hint: 'ask for a new connect link; each is good for one use',
  });
}

export interface LinkStatus {
  /** used: the person is at the provider. */
  readonly status: 'pending' | 'used' | 'complete' | 'failed' | 'expired';
  readonly error?: string;
  readonly expiresAt: string;
}

/** How a link went. Undefined: the tenant has no such link. */
export async function linkStatus(
  database: Database,
  link: { readonly id: string; readonly tenant: string; readonly integration: string },
  now: number,
): Promise<LinkStatus | undefined> {
  const [row] = await database.asTenant(link.tenant, (query) =>
    query<{ flow: string; used: boolean; late: boolean; expires_at: Date }>(
      `select flow, used_at is not null as used, expires_at <= to_timestamp($3) as late, expires_at
         from tenantry.connect_links where id = $1 and integration = $2`,
      [link.id, link.integration, now / 1000],
    ),
  );
  if (!row) return undefined;
  const expiresAt = row.expires_at.toISOString();
  if (!row.used) return { status: row.late ? 'expired' : 'pending', expiresAt };
  const flow = await flowStatus(database, row.flow, now);
  return { ...linkStatusOf(flow?.status), expiresAt };
}

function linkStatusOf(flow: FlowStatus | undefined): Pick<LinkStatus, 'status' | 'error'> {
  if (flow === undefined || flow.status === 'pending') return { status: 'used' };
  return flow;
}
