import { describe, expect, it } from 'vitest';
import type { CatalogEntry } from '../../src/catalog/entry.ts';
import { loadCatalog } from '../../src/catalog/load.ts';
import { sharedJson } from './sample.ts';

/** What the third-party data says of one provider. */
interface Facts {
  readonly auth_mode: string;
  readonly authorization_url?: string;
  readonly token_url?: string;
  readonly authorization_params?: Record<string, string>;
  readonly default_scopes?: string[];
  readonly scope_separator?: string;
  readonly disable_pkce?: boolean;
  readonly authorization_method?: string;
  readonly body_format?: string;
  readonly alternate_access_token_response_path?: string;
  readonly token_response_metadata?: string[];
  readonly proxy?: { readonly base_url: string; readonly headers?: Record<string, string> };
}

/** Name of each entry in the data. AWS is not in it: its `aws` is Cognito. */
const NAMES: Record<string, string> = {
  notion: 'notion',
  github: 'github-app',
  slack: 'slack',
  jira: 'jira',
  sentry: 'sentry-oauth',
  'google-drive': 'google-drive',
  'google-sheets': 'google-sheet',
  stripe: 'stripe-app',
  hubspot: 'hubspot',
  linear: 'linear',
  airtable: 'airtable',
};

/** Every difference, and why the entry is right: the vendor's documentation wins. */
const EXPLAINED: Record<string, string> = {
  'notion.pkce': 'Notion documents no PKCE; the data has it on for whom it does not say otherwise',
  'notion.headers': 'the data pins version 2022-06-28; Notion documents 2025-09-03 (data sources)',
  'github.authorizationUrl':
    'the data asks a person for the public link; it is github.com/apps/ and the slug',
  'github.tokenUrl': 'the same URL; the data has another form of placeholder',
  'slack.tokenPath': 'the data also looks for a user token; the entry asks for the bot’s, at the top',
  'slack.facts': 'incoming_webhook.* comes only with the scope incoming-webhook, which is not asked for',
  'jira.proxy': 'calls of 3LO tokens go to /ex/jira/{cloud_id}; the data leaves that to the caller',
  'jira.tokenRequestFormat': 'Atlassian documents JSON; it takes a form too',
  'sentry.authorizationUrl': 'the data has none; Sentry documents the external-install URL',
  'sentry.tokenUrl': 'the same URL; the data has another form of placeholder',
  'sentry.tokenRequestFormat': 'Sentry documents JSON',
  'sentry.pkce': 'the authorizations of a Sentry app take no code_verifier',
  'sentry.proxy': 'the same URL; the data has another form of placeholder',
  'stripe.clientAuthentication': 'Stripe documents the secret key as user name of HTTP Basic',
  'hubspot.tokenUrl': 'HubSpot deprecates v1 from 16 February 2027 for 2026-03',
  'hubspot.pkce': 'HubSpot has PKCE only for MCP auth apps',
  'linear.pkce': 'Linear documents PKCE',
};

const facts = sharedJson('oauth-facts.json') as Record<string, Facts> | undefined;
const catalog = await loadCatalog();

interface Compared {
  readonly field: string;
  readonly same: boolean;
}

function compare(entry: CatalogEntry, theirs: Facts): Compared[] {
  const { auth } = entry;
  const shared = [
    { field: 'kind', same: auth.kind === (theirs.auth_mode === 'APP' ? 'github_app' : 'oauth2') },
    { field: 'tokenUrl', same: 'tokenUrl' in auth && auth.tokenUrl === theirs.token_url },
    { field: 'proxy', same: entry.proxy?.baseUrl === theirs.proxy?.base_url },
    { field: 'headers', same: holds(entry.proxy?.headers ?? {}, theirs.proxy?.headers ?? {}) },
  ];
  if (auth.kind === 'github_app') {
    return [...shared, { field: 'authorizationUrl', same: auth.installUrl === theirs.authorization_url }];
  }
  return auth.kind === 'oauth2' ? [...shared, ...compareOAuth(auth, theirs)] : shared;
}

function compareOAuth(auth: Extract<CatalogEntry['auth'], { kind: 'oauth2' }>, theirs: Facts): Compared[] {
  const { response_type, ...params } = theirs.authorization_params ?? {};
  const kept = Object.values(auth.facts);
  return [
    { field: 'authorizationUrl', same: auth.authorizationUrl === theirs.authorization_url },
    { field: 'authorizationParams', same: holds(auth.authorizationParams, params) },
    {
      field: 'scopes',
      same: (theirs.default_scopes ?? []).every((scope) => auth.scopes.default.includes(scope)),
    },
    { field: 'separator', same: auth.scopes.separator === (theirs.scope_separator ?? ' ') },
    { field: 'pkce', same: (auth.pkce === 'none') === (theirs.disable_pkce ?? false) },
    {
      field: 'clientAuthentication',
      same: auth.clientAuthentication === (theirs.authorization_method === 'header' ? 'basic' : 'body'),
    },
    { field: 'tokenRequestFormat', same: auth.tokenRequestFormat === (theirs.body_format ?? 'form') },
    { field: 'tokenPath', same: auth.tokenPath === theirs.alternate_access_token_response_path },
    {
      field: 'facts',
      same: (theirs.token_response_metadata ?? []).every((path) => kept.includes(path)),
    },
  ];
}

/** Are all of `some` in `all`, whatever the case of the names? */
function holds(all: Record<string, string>, some: Record<string, string>): boolean {
  const found = new Map(Object.entries(all).map(([name, value]) => [name.toLowerCase(), value]));
  return Object.entries(some).every(([name, value]) => found.get(name.toLowerCase()) === value);
}

describe.skipIf(facts === undefined)('OAuth facts of other people', () => {
  const differences = Object.entries(NAMES).flatMap(([id, name]) => {
    const entry = catalog.get(id);
    const theirs = facts?.[name];
    if (entry === undefined || theirs === undefined) return facts === undefined ? [] : [`${id} is missing`];
    return compare(entry, theirs)
      .filter(({ same }) => !same)
      .map(({ field }) => `${id}.${field}`);
  });

  it('differ from the catalog only where the table explains it', () => {
    expect(differences.filter((difference) => EXPLAINED[difference] === undefined)).toEqual([]);
  });

  it('leave no explanation in the table that is not needed any more', () => {
    expect(Object.keys(EXPLAINED).filter((difference) => !differences.includes(difference))).toEqual([]);
  });

  it('are compared with every entry that uses OAuth', () => {
    const oauth = [...catalog.values()].filter(({ auth }) => ['oauth2', 'github_app'].includes(auth.kind));
    expect(oauth.map(({ id }) => id).sort()).toEqual(Object.keys(NAMES).sort());
  });
});
