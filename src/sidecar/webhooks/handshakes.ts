/** Keeps for a few minutes what a provider sends before its tenant is known: Sentry's codes, Notion's signing secret. */
import type { CallOptions } from '../../clients/http.ts';
import type { SidecarContext } from '../context.ts';
import type { IntegrationView } from '../stack/view.ts';
import { appOf } from './apps.ts';
import { seal, unseal } from './sealed.ts';

const MINUTE_MS = 60_000;
const CODE_MS = 10 * MINUTE_MS;
const VERIFICATION_TOKEN_MS = 60 * MINUTE_MS;

/** Anybody may post one, so that few are kept. */
const MOST_VERIFICATION_TOKENS = 5;

type Part = Pick<SidecarContext, 'database' | 'now' | 'redactor'>;

export interface PendingCode {
  readonly integration: string;
  /** The provider's id of the installation. */
  readonly installationId: string;
  readonly code: string;
  /** Of the app that the code was made for; it seals the code. */
  readonly clientSecret: string;
}

export async function keepPendingCode(
  { database, now, redactor }: Part,
  { integration, installationId, code, clientSecret }: PendingCode,
  options: CallOptions = {},
): Promise<void> {
  redactor.add(code);
  const sealed = seal(code, clientSecret, purpose('code', integration, installationId));
  await database.asPlatform(
    (query) =>
      query(
        `insert into tenantry.webhook_handshakes (integration, kind, external_id, sealed, created_at, expires_at)
         values ($1, 'code', $2, $3, to_timestamp($4), to_timestamp($5))`,
        [integration, installationId, sealed, now() / 1000, (now() + CODE_MS) / 1000],
      ),
    options,
  );
}

/**
 * Takes the authorization code that came by webhook for this installation, once. Only the app that it was made for can
 * open it: another tenant's own app neither gets it nor uses it up.
 * @param installationId the provider's id, as the redirect brought it
 * @returns undefined when none has come within the last 10 minutes
 */
export async function takePendingCode(
  context: Pick<SidecarContext, 'database' | 'now' | 'redactor' | 'providers'>,
  view: IntegrationView,
  installationId: string,
  options: CallOptions = {},
): Promise<string | undefined> {
  const { database, now, redactor } = context;
  const app = await appOf(context, view, options);
  if (app === undefined) return undefined;
  const place = purpose('code', view.entry.id, installationId);
  return await database.asPlatform(async (query) => {
    const rows = await query<{ id: string; sealed: string }>(
      `select id, sealed from tenantry.webhook_handshakes
        where integration = $1 and kind = 'code' and external_id = $2 and expires_at > to_timestamp($3)
        order by created_at desc limit 10`,
      [view.entry.id, installationId, now() / 1000],
    );
    for (const { id, sealed } of rows) {
      const code = unseal(sealed, app.clientSecret, place);
      if (code === undefined) continue;
      const taken = await query('delete from tenantry.webhook_handshakes where id = $1 returning id', [id]);
      if (taken.length === 0) continue;
      redactor.add(code);
      return code;
    }
    return undefined;
  }, options);
}

/** Keeps a signing secret for the platform's engineers to read. It is used for nothing by itself: it came unsigned. */
export async function keepVerificationToken(
  { database, now }: Pick<Part, 'database' | 'now'>,
  {
    integration,
    token,
    clientSecret,
  }: { readonly integration: string; readonly token: string; readonly clientSecret: string },
  options: CallOptions = {},
): Promise<void> {
  const sealed = seal(token, clientSecret, purpose('verification_token', integration, ''));
  await database.asPlatform(async (query) => {
    await query(
      `insert into tenantry.webhook_handshakes (integration, kind, sealed, created_at, expires_at)
       values ($1, 'verification_token', $2, to_timestamp($3), to_timestamp($4))`,
      [integration, sealed, now() / 1000, (now() + VERIFICATION_TOKEN_MS) / 1000],
    );
    await query(
      `delete from tenantry.webhook_handshakes where integration = $1 and kind = 'verification_token' and id not in (
         select id from tenantry.webhook_handshakes where integration = $1 and kind = 'verification_token'
          order by created_at desc limit $2)`,
      [integration, MOST_VERIFICATION_TOKENS],
    );
  }, options);
}

export interface VerificationToken {
  readonly token: string;
  /** RFC 3339. */
  readonly receivedAt: string;
}

/** The newest first; those of the last hour. */
export async function verificationTokens(
  context: Pick<SidecarContext, 'database' | 'now' | 'providers'>,
  view: IntegrationView,
  options: CallOptions = {},
): Promise<readonly VerificationToken[]> {
  const app = await appOf(context, view, options);
  const rows = await context.database.asPlatform(
    (query) =>
      query<{ sealed: string; created_at: Date }>(
        `select sealed, created_at from tenantry.webhook_handshakes
          where integration = $1 and kind = 'verification_token' and expires_at > to_timestamp($2)
          order by created_at desc`,
        [view.entry.id, context.now() / 1000],
      ),
    options,
  );
  return rows.flatMap(({ sealed, created_at }) => {
    const token = app && unseal(sealed, app.clientSecret, purpose('verification_token', view.entry.id, ''));
    return token === undefined ? [] : [{ token, receivedAt: created_at.toISOString() }];
  });
}

function purpose(kind: 'code' | 'verification_token', integration: string, externalId: string): string {
  return JSON.stringify([kind, integration, externalId]);
}
