/** GitHub's REST API for apps: installations and their tokens. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { githubUser } from '../../saas/github-data.ts';
import { type Exchange, type Handler, sendJson } from '../exchange.ts';
import type { FaultSwitch } from '../faults.ts';
import { bearerToken } from '../request.ts';
import type { GithubApp, GithubAppStore, Installation, Permissions } from './apps.ts';
import { checkAppJwt } from './jwt.ts';

export interface GithubApiOptions {
  readonly apps: GithubAppStore;
  readonly provider: Provider;
  readonly faults: FaultSwitch;
  readonly now: () => number;
}

const BODY_LIMIT_BYTES = 64 * 1024;

/** undefined: the path is of another API. */
export function githubAppRoute(
  options: GithubApiOptions,
  method: string,
  pathname: string,
): Handler | undefined {
  const [, id, rest = ''] =
    /^\/app\/installations\/(\d+)(\/access_tokens|\/suspended)?$/.exec(pathname) ?? [];
  if (id !== undefined) {
    const handler = INSTALLATION_ROUTES[`${method} ${rest}`];
    return handler && ((exchange) => handler(options, exchange, Number(id)));
  }
  const handler = ROUTES[`${method} ${pathname}`];
  return handler && ((exchange) => handler(options, exchange));
}

type Route = (options: GithubApiOptions, exchange: Exchange) => Promise<void>;

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /app': (options, exchange) =>
    asApp(options, exchange, async (app) => sendJson(exchange.response, 200, shownApp(app))),
  'GET /app/installations': (options, exchange) =>
    asApp(options, exchange, async (app) => {
      const all = options.apps.installations(app).map((one) => shown(app, one));
      sendJson(exchange.response, 200, all);
    }),
  'DELETE /installation/token': async ({ apps }, { request, response }) => {
    if (apps.revoke(bearerToken(request) ?? '')) response.writeHead(204).end();
    else refuse(response, 401, 'Bad credentials');
  },
  'GET /user/installations': userInstallations,
};

const INSTALLATION_ROUTES: Readonly<
  Record<string, (options: GithubApiOptions, exchange: Exchange, id: number) => Promise<void>>
> = {
  'GET ': (options, exchange, id) =>
    asInstallation(options, exchange, id, async (app, installation) =>
      sendJson(exchange.response, 200, shown(app, installation)),
    ),
  'DELETE ': (options, exchange, id) =>
    asInstallation(options, exchange, id, async () => {
      options.apps.uninstall(id);
      exchange.response.writeHead(204).end();
    }),
  'PUT /suspended': (options, exchange, id) => suspend(options, exchange, id),
  'DELETE /suspended': (options, exchange, id) => suspend(options, exchange, id),
  'POST /access_tokens': (options, exchange, id) =>
    options.faults.run('installation', exchange.response, () => accessToken(options, exchange, id)),
};

function suspend(options: GithubApiOptions, exchange: Exchange, id: number): Promise<void> {
  return asInstallation(options, exchange, id, async () => {
    options.apps.setSuspended(id, exchange.request.method === 'PUT');
    exchange.response.writeHead(204).end();
  });
}

/** https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app */
async function accessToken(options: GithubApiOptions, exchange: Exchange, id: number): Promise<void> {
  const { request, response } = exchange;
  await asInstallation(options, exchange, id, async (app, installation) => {
    if (installation.suspendedAt !== null) {
      refuse(response, 403, 'This installation has been suspended');
      return;
    }
    const asked = await readJson(request);
    if (asked === undefined) {
      refuse(response, 400, 'Problems parsing JSON');
      return;
    }
    const permissions = (asked.permissions as Permissions | undefined) ?? app.permissions;
    const tooMuch = Object.entries(permissions).some(([name, level]) => {
      const granted = app.permissions[name];
      return granted !== level && granted !== 'write';
    });
    if (tooMuch) {
      refuse(response, 422, 'The permissions requested are not granted to this installation.');
      return;
    }
    const { token, exp } = options.apps.issue(installation, permissions);
    const selected = asked.repositories !== undefined || asked.repository_ids !== undefined;
    sendJson(response, 201, {
      token,
      expires_at: seconds(exp),
      permissions,
      repository_selection: selected ? 'selected' : 'all',
    });
  });
}

/** https://docs.github.com/rest/apps/installations#list-app-installations-accessible-to-the-user-access-token */
async function userInstallations({ apps, provider }: GithubApiOptions, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const token = await provider.AccessToken.find(bearerToken(request) ?? '');
  const app = token?.isValid ? apps.find({ clientId: token.clientId ?? '' }) : undefined;
  if (token === undefined || app === undefined) {
    refuse(response, 401, 'Bad credentials');
    return;
  }
  const own = apps.installations(app).filter(({ by }) => by === token.accountId);
  const installations = own.map((one) => shown(app, one));
  sendJson(response, 200, { total_count: installations.length, installations });
}

async function asApp(
  { apps, now }: GithubApiOptions,
  { request, response }: Exchange,
  work: (app: GithubApp) => Promise<void>,
): Promise<void> {
  const byIssuer = (issuer: string): GithubApp | undefined =>
    apps.find({ appId: issuer }) ?? apps.find({ clientId: issuer });
  const app = await checkAppJwt(bearerToken(request) ?? '', byIssuer, now());
  if ('message' in app) refuse(response, app.status, app.message);
  else await work(app);
}

function asInstallation(
  options: GithubApiOptions,
  exchange: Exchange,
  id: number,
  work: (app: GithubApp, installation: Installation) => Promise<void>,
): Promise<void> {
  return asApp(options, exchange, async (app) => {
    const installation = options.apps.installation(id);
    // One app learns nothing of another's.
    if (installation?.appId !== app.appId) refuse(exchange.response, 404, 'Not Found');
    else await work(app, installation);
  });
}

/** An installation as GitHub shows it, in answers and in webhooks. */
export function shown(app: GithubApp, installation: Installation): Record<string, unknown> {
  const { id, account, createdAt, suspendedAt } = installation;
  return {
    id,
    account: { ...githubUser(account, account), type: 'Organization' },
    repository_selection: 'all',
    access_tokens_url: `https://api.github.com/app/installations/${id}/access_tokens`,
    repositories_url: 'https://api.github.com/installation/repositories',
    html_url: `https://github.com/organizations/${account}/settings/installations/${id}`,
    app_id: Number(app.appId),
    app_slug: app.slug,
    client_id: app.clientId,
    target_type: 'Organization',
    permissions: app.permissions,
    events: [],
    created_at: createdAt,
    updated_at: createdAt,
    suspended_at: suspendedAt,
  };
}

function shownApp(app: GithubApp): Record<string, unknown> {
  const { appId, slug, clientId, permissions } = app;
  return { id: Number(appId), slug, client_id: clientId, name: slug, permissions, events: [] };
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const documentation_url = 'https://docs.github.com/rest';
  sendJson(response, status, { message, documentation_url, status: String(status) });
}

/** GitHub's times have no fraction of a second. */
function seconds(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z');
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > BODY_LIMIT_BYTES) return undefined;
  }
  if (text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
