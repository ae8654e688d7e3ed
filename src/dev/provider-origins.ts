/** Says where each origin of a real service stands in the development environment. */
import type { DevIdp } from './idp/server.ts';
import type { DevNotionMcp } from './mcp/notion.ts';
import type { DevSaas } from './saas/server.ts';
import type { DevSts } from './sts/server.ts';

export interface DevProviders {
  readonly idp: DevIdp;
  readonly saas: DevSaas;
  readonly mcp?: Pick<DevNotionMcp, 'url' | 'integration'>;
  readonly sts?: Pick<DevSts, 'url'>;
  /** Customers of a vendor with a host for each, e.g. zendesk: [acme]. Default: none. */
  readonly accounts?: Readonly<Record<string, readonly string[]>>;
}

const GOOGLE = [
  'https://accounts.google.com',
  'https://oauth2.googleapis.com',
  'https://www.googleapis.com',
  'https://sheets.googleapis.com',
];

/** Origins of the catalog's URLs by integration. */
const ORIGINS: Readonly<Record<string, readonly string[]>> = {
  'acme-erp': ['https://erp.acme.example'],
  airtable: ['https://airtable.com', 'https://api.airtable.com'],
  github: ['https://github.com', 'https://api.github.com'],
  'google-drive': GOOGLE,
  'google-sheets': GOOGLE,
  hubspot: ['https://app.hubspot.com', 'https://api.hubapi.com'],
  jira: ['https://auth.atlassian.com', 'https://api.atlassian.com'],
  linear: ['https://linear.app', 'https://api.linear.app'],
  notion: ['https://api.notion.com'],
  sentry: ['https://sentry.io'],
  slack: ['https://slack.com'],
  stripe: ['https://marketplace.stripe.com', 'https://api.stripe.com'],
};

/** Origin of each vendor's MCP server that the one fake can stand for. */
const MCP_ORIGINS: Readonly<Record<string, string>> = {
  github: 'https://api.githubcopilot.com',
  linear: 'https://mcp.linear.app',
  notion: 'https://mcp.notion.com',
};

/** Origin of one customer's host. */
const ACCOUNT_ORIGINS: Readonly<Record<string, (account: string) => string>> = {
  zendesk: (account) => `https://${account}.zendesk.com`,
};

/**
 * Origin → base URL, for spec.sidecar.providerOrigins: the path of a real URL works below the base, whether it is one of
 * OAuth or of the API. Tells the identity provider where the APIs are, as it hands their paths on.
 */
export function devProviderOrigins(providers: DevProviders): Record<string, string> {
  const { idp, saas, mcp, sts, accounts = {} } = providers;
  idp.useApis(saas.urls);
  const origins: Record<string, string> = {};
  for (const integration of Object.keys(idp.clients)) {
    for (const origin of ORIGINS[integration] ?? []) origins[origin] = idp.baseUrl(integration);
    const originOf = ACCOUNT_ORIGINS[integration];
    if (originOf === undefined) continue;
    for (const account of accounts[integration] ?? [])
      origins[originOf(account)] = `${idp.baseUrl(integration)}/@${account}`;
  }
  const mcpOrigin = MCP_ORIGINS[mcp?.integration ?? ''];
  if (mcp !== undefined && mcpOrigin !== undefined) origins[mcpOrigin] = mcp.url;
  if (sts !== undefined) origins['https://sts.amazonaws.com'] = sts.url;
  return origins;
}
