/** Auth kind github_app: an installation of a GitHub App, with installation tokens made by the app's own JWT. */
import { authorizationCodeGrantRequest, nopkce } from 'oauth4webapi';
import { TenantryError } from '../../errors.ts';
import { accountFacts } from './account.ts';
import { bearerHeaders } from './api-headers.ts';
import { appJwt } from './app-jwt.ts';
import { callProvider, type ProviderAnswer } from './call.ts';
import { callbackFacts, checkCallback } from './callback.ts';
import { requireOwnInstallation } from './github-installations.ts';
import { factsAt, isObject, parseJson } from './json.ts';
import {
  type AuthKind,
  type AuthorizationRequest,
  authOf,
  type CallbackRequest,
  type ProviderContext,
  type StoredSecrets,
  type TokenSet,
} from './kind.ts';
import { isGone, noTokenSet, type Purpose, refusal, wordsOf } from './refusals.ts';
import { readTokenAnswer } from './token-answer.ts';
import { askForTokens } from './token-endpoint.ts';

export const githubApp: AuthKind = {
  style: 'redirect',
  authorizationUrl,
  finish,
  canRenew: (_context, { facts }) => isInstallation(facts['installation_id']),
  rotates: () => false,
  renew,
  revoke,
  usable: ({ secrets }) => ({ value: secrets['access_token'] ?? '', fields: {} }),
};

async function authorizationUrl(context: ProviderContext, request: AuthorizationRequest): Promise<URL> {
  const url = context.url(authOf(context, 'github_app').installUrl);
  url.searchParams.set('state', request.state);
  return url;
}

async function finish(context: ProviderContext, request: CallbackRequest): Promise<TokenSet> {
  const auth = authOf(context, 'github_app');
  const isAsked = request.callback.searchParams.get('setup_action') === 'request';
  // Such a redirect may come without a state, and nothing follows from it.
  const parameters = checkCallback(context, request, { returnsState: !isAsked });
  if (isAsked) throw mustBeApproved(context);
  const installation = parameters.get('installation_id') ?? '';
  if (!isInstallation(installation)) {
    throw new TenantryError(
      'StateInvalid',
      `what came back from ${context.entry.name} names no installation`,
    );
  }
  await requireOwnInstallation(context, installation, await userToken(context, request, parameters));
  const brought = callbackFacts(parameters, auth.callbackFacts);
  const values = { ...brought, installation_id: installation };
  const account = await accountFacts(context, {
    account: auth.account,
    bearer: await appJwt(context),
    values,
  });
  const tokens = await installationToken(context, values, 'connect');
  return { ...tokens, facts: { ...values, ...tokens.facts, ...account } };
}

function mustBeApproved({ entry: { name } }: ProviderContext): TenantryError {
  return new TenantryError(
    'ApprovalPending',
    `the app was not installed: an owner of the organization has been asked at ${name}`,
    { hint: `connect again when an owner of the organization has approved the app at ${name}` },
  );
}

/**
 * The token of the person who came back. It is used once, to see which installations are theirs, and never stored:
 * the number of an installation is no secret, so a redirect alone proves nothing.
 */
async function userToken(
  context: ProviderContext,
  request: CallbackRequest,
  parameters: URLSearchParams,
): Promise<string> {
  if (!parameters.get('code')) {
    throw new TenantryError('ProviderRejected', `${context.entry.name} does not say who installed the app`, {
      hint: 'switch on "Request user authorization (OAuth) during installation" in the settings of the app',
    });
  }
  const { tokens } = await askForTokens(context, {
    url: context.url(authOf(context, 'github_app').userTokenUrl),
    dialect: { clientAuthentication: 'body', scopeSeparator: ',' },
    purpose: 'connect',
    // The install page takes no code_challenge.
    send: ({ server, client, authentication, options }) =>
      authorizationCodeGrantRequest(
        server,
        client,
        authentication,
        parameters,
        request.redirectUri,
        nopkce,
        options,
      ),
  });
  return tokens.secrets['access_token'] ?? '';
}

async function renew(context: ProviderContext, stored: StoredSecrets): Promise<TokenSet> {
  const installation = stored.facts['installation_id'];
  if (!isInstallation(installation)) {
    throw new TenantryError('NeedsReauthorization', `there is no installation of ${context.entry.name}`);
  }
  const tokens = await installationToken(context, { installation_id: installation }, 'renew');
  return { ...tokens, facts: { ...stored.facts, ...tokens.facts } };
}

/** https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app */
async function installationToken(
  context: ProviderContext,
  values: Readonly<Record<string, string>>,
  purpose: Purpose,
): Promise<TokenSet> {
  const auth = authOf(context, 'github_app');
  const headers = bearerHeaders(context, auth.tokenUrl, await appJwt(context));
  const answer = await callProvider(context, context.url(auth.tokenUrl, values), { method: 'POST', headers });
  const { accessTokenSeconds } = auth;
  const dialect = { tokenFields: { access_token: 'token' }, accessTokenSeconds };
  const read = readTokenAnswer(answer, dialect, context.now());
  if (read === undefined) throw notMade(context, answer, purpose);
  const token = read.standard['access_token'];
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw noTokenSet(context, answer);
  return {
    secrets: { access_token: token },
    tokenType: 'Bearer',
    expiresAt: read.expiresAt,
    scopes: permissionsOf(read.body['permissions']),
    facts: factsAt(read.body, auth.facts),
  };
}

/** GitHub has no codes here: 404 is an installation that is gone, unless it is the app that is not known. */
function notMade(context: ProviderContext, answer: ProviderAnswer, purpose: Purpose): TenantryError {
  const { name } = context.entry;
  const said = wordsOf(parseJson(answer.text)).join(' ');
  if (answer.status === 404 && purpose === 'renew' && !/integration not found/i.test(said)) {
    return new TenantryError(
      'NeedsReauthorization',
      `the app is not installed at ${name} any more (status 404)`,
    );
  }
  if (answer.status === 403 && /suspended/i.test(said)) {
    return new TenantryError('ProviderRejected', `the installation is suspended at ${name} (status 403)`, {
      hint: `an owner of the account has to unsuspend the app at ${name}; nothing need be connected again`,
    });
  }
  if (answer.status >= 200 && answer.status <= 299) return noTokenSet(context, answer);
  return refusal(context, answer, purpose);
}

/** https://docs.github.com/en/rest/apps/installations#revoke-an-installation-access-token */
async function revoke(context: ProviderContext, { secrets }: StoredSecrets): Promise<boolean> {
  const { revocationUrl } = authOf(context, 'github_app');
  const token = secrets['access_token'];
  if (revocationUrl === undefined || !token) return false;
  const headers = bearerHeaders(context, revocationUrl, token);
  const answer = await callProvider(context, context.url(revocationUrl), { method: 'DELETE', headers });
  if (answer.status >= 200 && answer.status <= 299) return true;
  // One that has ended by the clock is refused as unknown.
  if (answer.status === 401 || answer.status === 404 || isGone(answer)) return true;
  throw refusal(context, answer, 'revoke');
}

function isInstallation(id: string | undefined): id is string {
  return id !== undefined && /^\d{1,20}$/.test(id);
}

/** `contents:read`, as the permissions stand in the settings of an app. */
function permissionsOf(permissions: unknown): string[] | undefined {
  if (!isObject(permissions)) return undefined;
  return Object.entries(permissions).flatMap(([name, level]) =>
    typeof level === 'string' ? [`${name}:${level}`] : [],
  );
}
