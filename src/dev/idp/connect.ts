/** Connects a tenant at the development identity provider as a browser would, for demo data and tests. */
import { createHash, randomBytes } from 'node:crypto';
import { TenantryError } from '../../errors.ts';
import type { ClientCredentials } from './clients.ts';
import { cookieJar } from './cookie-jar.ts';
import { type VendorProfile, vendorOf, vendorProfile } from './profile.ts';
import { splitScopes } from './scopes.ts';
import type { DevIdp } from './server.ts';

export interface ConnectRequest {
  readonly integration: string;
  readonly tenant: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
}

export interface TokenSet {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly tokenType: string;
  /** RFC 3339. Absent: the token does not expire. */
  readonly expiresAt?: string;
  readonly scopes: readonly string[];
  /** What the vendor says beside the token, e.g. workspace_id; names as the catalog gives them. */
  readonly facts: Readonly<Record<string, string>>;
}

type Answer = Readonly<Record<string, unknown>>;

const MOST_REDIRECTS = 10;

/** Drives the whole code flow with PKCE (RFC 7636) and a state. Throws Internal on any refusal. */
export async function connectAtIdp(idp: DevIdp, request: ConnectRequest): Promise<TokenSet> {
  const verifier = randomBytes(32).toString('base64url');
  const code = await authorize(idp, request, createHash('sha256').update(verifier).digest('base64url'));
  return redeemCode(idp, request, code, verifier);
}

/** Redeems an authorization code that a browser brought (RFC 6749 section 4.1.3). Throws Internal when it is refused. */
export async function redeemCode(
  idp: DevIdp,
  request: ConnectRequest,
  code: string,
  verifier: string,
): Promise<TokenSet> {
  const answer = await exchange(idp, request, code, verifier);
  return {
    accessToken: String(answer.access_token),
    ...(typeof answer.refresh_token === 'string' ? { refreshToken: answer.refresh_token } : {}),
    tokenType: String(answer.token_type),
    ...(typeof answer.expires_in === 'number'
      ? { expiresAt: new Date(Date.now() + answer.expires_in * 1000).toISOString() }
      : {}),
    scopes: typeof answer.scope === 'string' ? splitScopes(answer.scope) : [],
    facts: await factsOf(idp, request.integration, answer),
  };
}

/** Follows the redirects with cookies until the one to redirectUri, and returns its code. */
async function authorize(idp: DevIdp, request: ConnectRequest, challenge: string): Promise<string> {
  const state = randomBytes(16).toString('base64url');
  let url = new URL(idp.endpoints(request.integration).authorizationUrl);
  const query: Record<string, string> = {
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    login_hint: request.tenant,
    auto: '1',
  };
  if (request.scopes.length > 0) query.scope = request.scopes.join(' ');
  url.search = new URLSearchParams(query).toString();
  const jar = cookieJar();
  for (let step = 0; step < MOST_REDIRECTS; step += 1) {
    const response = await fetch(url, { redirect: 'manual', headers: { cookie: jar.header(url) } });
    await response.body?.cancel();
    jar.store(url, response.headers.getSetCookie());
    const location = response.headers.get('location');
    if (location === null) throw refused(request, `the authorization stopped with status ${response.status}`);
    url = new URL(location, url);
    if (`${url.origin}${url.pathname}` === withoutQuery(request.redirectUri))
      return readCode(request, url, state);
  }
  throw refused(request, 'too many redirects');
}

function withoutQuery(uri: string): string {
  const { origin, pathname } = new URL(uri);
  return origin + pathname;
}

function readCode(request: ConnectRequest, callback: URL, state: string): string {
  const { searchParams } = callback;
  if (searchParams.get('state') !== state) throw refused(request, 'the state of the callback is another one');
  const code = searchParams.get('code');
  if (code !== null) return code;
  throw refused(request, `${searchParams.get('error')}: ${searchParams.get('error_description') ?? ''}`);
}

/** Headers and body of a token request as the vendor wants it: JSON or a form, Basic or the secret in the body. */
export function tokenRequest(
  profile: Pick<VendorProfile, 'clientAuthentication' | 'tokenRequestFormat'>,
  { clientId, clientSecret }: ClientCredentials,
  fields: Readonly<Record<string, string>>,
): { readonly headers: Record<string, string>; readonly body: string } {
  const headers: Record<string, string> = { accept: 'application/json' };
  const { clientAuthentication, tokenRequestFormat } = profile;
  const inBody = !clientAuthentication.startsWith('basic');
  const pair = clientAuthentication === 'basic-secret' ? `${clientSecret}:` : `${clientId}:${clientSecret}`;
  if (!inBody) headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  const all = inBody ? { ...fields, client_id: clientId, client_secret: clientSecret } : fields;
  const json = tokenRequestFormat === 'json';
  headers['content-type'] = json ? 'application/json' : 'application/x-www-form-urlencoded';
  return { headers, body: json ? JSON.stringify(all) : new URLSearchParams(all).toString() };
}

async function exchange(
  idp: DevIdp,
  request: ConnectRequest,
  code: string,
  verifier: string,
): Promise<Answer> {
  const { integration, clientId, clientSecret, redirectUri } = request;
  const response = await fetch(idp.endpoints(integration).tokenUrl, {
    method: 'POST',
    ...tokenRequest(
      vendorProfile(vendorOf(integration)),
      { clientId, clientSecret },
      {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
      },
    ),
  });
  const answer = (await response.json()) as Answer;
  if (typeof answer.access_token !== 'string')
    throw refused(request, `the code was refused: ${String(answer.error)}`);
  return answer;
}

async function factsOf(idp: DevIdp, integration: string, answer: Answer): Promise<Record<string, string>> {
  switch (integration) {
    case 'notion':
      return {
        ...textFields(answer, ['bot_id', 'workspace_id', 'workspace_name']),
        owner_user_id: String((answer.owner as { user: Answer }).user.id),
      };
    case 'slack': {
      const team = answer.team as Answer;
      const facts = textFields(answer, ['bot_user_id', 'app_id']);
      return { ...facts, team_id: String(team.id), team_name: String(team.name) };
    }
    case 'jira': {
      const response = await fetch(`${idp.url}/jira/oauth/token/accessible-resources`, {
        headers: { authorization: `Bearer ${String(answer.access_token)}` },
      });
      const [site] = (await response.json()) as Answer[];
      return { cloud_id: String(site?.id), site_name: String(site?.name), site_url: String(site?.url) };
    }
    default:
      return {};
  }
}

function textFields(answer: Answer, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, String(answer[name])]));
}

function refused({ integration, tenant }: ConnectRequest, why: string): TenantryError {
  return new TenantryError('Internal', `connecting ${tenant} to the development ${integration}: ${why}`);
}
