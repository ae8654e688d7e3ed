/** Connects tenants at the development identity provider and stores what they were given, as the sidecar would. */
import type { Catalog } from '../catalog/entry.ts';
import { latestVersion, readStored, type StoredCredential, storeCredential } from '../credentials/store.ts';
import { TenantryError } from '../errors.ts';
import type { World } from '../resources/kind.ts';
import type { Documents } from '../spec/documents.ts';
import type { IntegrationDocument } from '../spec/integration.ts';
import { parseSecretRef } from '../spec/secret-ref.ts';
import type { ConnectFlow } from './connect-page.ts';
import type { Environment } from './environment.ts';
import { connectAtIdp, redeemCode, type TokenSet } from './idp/connect.ts';

/** Annotation of integrations that `tenantry dev` leaves unconnected. */
const CONNECT_ANNOTATION = 'tenantry.dev/connect';

export interface ConnectContext {
  readonly documents: Documents;
  readonly catalog: Catalog;
  readonly environment: Environment;
  readonly world: World;
  /** Where the provider sends the browser back to. */
  readonly redirectUri: (integration: string) => string;
}

/** Integrations that can be connected here and are not yet. Returns how many were connected. */
export async function connectTenants(context: ConnectContext): Promise<number> {
  const { documents, environment, world } = context;
  const candidates = documents.integrations.filter(
    (document) =>
      document.spec.integration in environment.idp.clients &&
      document.metadata.annotations?.[CONNECT_ANNOTATION] !== 'by-hand',
  );
  const connected = await Promise.all(
    candidates.map(async (document) => {
      const { tenant, integration } = document.spec;
      if (await readStored(world.vault, { tenant, integration }, world)) return 0;
      await storeTokens(document, await connectOne(document, context), world);
      return 1;
    }),
  );
  return connected.reduce<number>((sum, one) => sum + one, 0);
}

async function connectOne(document: IntegrationDocument, context: ConnectContext): Promise<TokenSet> {
  const { tenant, integration } = document.spec;
  const { clientId, clientSecret } = await appOf(document, context);
  return connectAtIdp(context.environment.idp, {
    integration,
    tenant,
    clientId,
    clientSecret,
    redirectUri: context.redirectUri(integration),
    scopes: scopesOf(document, context.catalog),
  });
}

/** Scopes of the document, else those of the catalog. */
export function scopesOf(document: IntegrationDocument, catalog: Catalog): readonly string[] {
  const auth = catalog.get(document.spec.integration)?.auth;
  return document.spec.scopes ?? (auth?.kind === 'oauth2' ? auth.scopes.default : []);
}

/** The tenant's own app, else the platform's, with its secret. */
export async function appOf(
  document: IntegrationDocument,
  context: Pick<ConnectContext, 'documents' | 'world'>,
): Promise<{ clientId: string; clientSecret: string }> {
  const app = document.spec.app ?? context.documents.platform.spec.apps[document.spec.integration];
  if (!app) {
    throw new TenantryError('MissingSetting', `there is no OAuth app for ${document.spec.integration}`, {
      hint: `add spec.apps.${document.spec.integration} to the Platform document`,
    });
  }
  const value = (text: string): Promise<string> => {
    const ref = parseSecretRef(text);
    return ref ? context.world.secrets.resolve(ref, context.world) : Promise.resolve(text);
  };
  return { clientId: await value(app.clientId), clientSecret: await value(app.clientSecret) };
}

/** Stores a token set as DESIGN's Vault layout has it. */
export async function storeTokens(
  document: IntegrationDocument,
  tokens: TokenSet,
  world: World,
): Promise<void> {
  const place = { tenant: document.spec.tenant, integration: document.spec.integration };
  const fields: StoredCredential = {
    ...tokens.facts,
    access_token: tokens.accessToken,
    ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
    token_type: tokens.tokenType,
    ...(tokens.expiresAt === undefined ? {} : { expires_at: tokens.expiresAt }),
    scopes: [...tokens.scopes],
    created_at: new Date().toISOString(),
  };
  const expectedVersion = await latestVersion(world.vault, place, world);
  await storeCredential(world.vault, place, fields, { expectedVersion, signal: world.signal });
}

/** The flow behind the connect links; each step reads the documents as they are then. */
export function connectFlow(
  open: () => Promise<ConnectContext & { readonly backends: { close(): Promise<void> } }>,
  onConnected: (text: string) => void,
): ConnectFlow {
  const withDocument = async <T>(
    place: { readonly tenant: string; readonly integration: string },
    work: (document: IntegrationDocument, context: ConnectContext) => Promise<T>,
  ): Promise<T | undefined> => {
    const context = await open();
    try {
      const document = context.documents.integrations.find(
        ({ spec }) => spec.tenant === place.tenant && spec.integration === place.integration,
      );
      if (!document || !(place.integration in context.environment.idp.clients)) return undefined;
      return await work(document, context);
    } finally {
      await context.backends.close();
    }
  };
  return {
    authorizationUrl: (request) =>
      withDocument(request, async (document, context) => {
        const { clientId } = await appOf(document, context);
        const url = new URL(context.environment.idp.endpoints(request.integration).authorizationUrl);
        url.search = new URLSearchParams({
          response_type: 'code',
          client_id: clientId,
          redirect_uri: context.redirectUri(request.integration),
          state: request.state,
          code_challenge: request.challenge,
          code_challenge_method: 'S256',
          login_hint: request.tenant,
          scope: scopesOf(document, context.catalog).join(' '),
        }).toString();
        return url.href;
      }),
    finish: async (request) => {
      await withDocument(request, async (document, context) => {
        const { tenant, integration } = request;
        const app = await appOf(document, context);
        const redirectUri = context.redirectUri(integration);
        const tokens = await redeemCode(
          context.environment.idp,
          { integration, tenant, ...app, redirectUri, scopes: [] },
          request.code,
          request.verifier,
        );
        await storeTokens(document, tokens, context.world);
        onConnected(`${tenant} connected ${integration}`);
      });
    },
  };
}
