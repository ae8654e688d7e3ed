/** Sentry's API of an installation: exchange and refresh of its tokens, and its verification. */
import type { IncomingMessage } from 'node:http';
import { findClientRecord } from '../clients.ts';
import { type Exchange, sendJson } from '../exchange.ts';
import type { FaultSwitch } from '../faults.ts';
import { bearerToken, type Fields, readFields } from '../request.ts';
import type { IdpStore } from '../store.ts';
import type { SentryStore, SentryTokens } from './installations.ts';

export interface SentryEndpointOptions {
  readonly installations: SentryStore;
  readonly store: IdpStore;
  readonly faults: FaultSwitch;
}

export const SCOPES = ['event:read', 'org:read', 'project:read'];

interface Refusal {
  readonly status: number;
  readonly detail: string;
}

/** https://docs.sentry.io/organization/integrations/integration-platform/public-integration/#token-exchange; answers 201. */
export async function authorizations(
  options: SentryEndpointOptions,
  { request, response }: Exchange,
  uuid: string,
): Promise<void> {
  const fields = await readFields(request).catch((): Fields => ({}));
  await options.faults.run(fields.grant_type ?? '', response, async () => {
    const result = refusalOf(options, request, fields, uuid) ?? redeem(options, fields, uuid);
    if ('detail' in result) sendJson(response, result.status, { detail: result.detail });
    else sendJson(response, 201, shown(result, fields.state));
  });
}

function refusalOf(
  { installations, store }: SentryEndpointOptions,
  request: IncomingMessage,
  fields: Fields,
  uuid: string,
): Refusal | undefined {
  if (!(request.headers['content-type'] ?? '').includes('json'))
    return { status: 415, detail: 'Unsupported media type in request.' };
  const client = findClientRecord(store, 'sentry', fields.client_id ?? '');
  if (client === undefined || client.clientSecret !== fields.client_secret)
    return { status: 401, detail: 'Invalid client credentials' };
  if (installations.installation(uuid)?.clientId !== client.clientId)
    return { status: 404, detail: 'Not found' };
  return undefined;
}

/** The sentences are Sentry's own, which are all that it has in place of codes. */
function redeem(
  { installations }: SentryEndpointOptions,
  fields: Fields,
  uuid: string,
): SentryTokens | Refusal {
  if (fields.grant_type === 'refresh_token') {
    const tokens = installations.refresh(uuid, fields.refresh_token ?? '');
    return typeof tokens === 'string'
      ? { status: 401, detail: 'Given refresh token does not exist' }
      : tokens;
  }
  if (fields.grant_type !== 'authorization_code') return { status: 403, detail: 'Invalid grant_type' };
  const tokens = installations.redeem(uuid, fields.code ?? '');
  return typeof tokens === 'string' ? { status: 401, detail: CODE_REFUSALS[tokens] } : tokens;
}

const CODE_REFUSALS = {
  unknown: 'Could not find grant for given code',
  foreign: 'Forbidden grant',
  expired: 'Grant has already expired',
} as const;

function shown(tokens: SentryTokens, state: string | undefined): Record<string, unknown> {
  const { token, refreshToken, createdAt, expiresAt } = tokens;
  return {
    id: '1',
    token,
    refreshToken,
    dateCreated: new Date(createdAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
    scopes: SCOPES,
    state: state ?? null,
    application: null,
  };
}

/** https://docs.sentry.io/organization/integrations/integration-platform/public-integration/#verifying-installations-optional */
export async function verifyInstall(
  { installations }: SentryEndpointOptions,
  { request, response }: Exchange,
  uuid: string,
): Promise<void> {
  if (installations.owner(bearerToken(request) ?? '')?.uuid !== uuid) {
    sendJson(response, 401, { detail: 'Invalid token' });
    return;
  }
  const { status } = request.method === 'PUT' ? await readFields(request) : {};
  if (status === 'installed') installations.verify(uuid);
  const { organization: slug, status: now } = installations.installation(uuid) ?? {};
  sendJson(response, 200, { uuid, status: now, organization: { slug } });
}
