/** Tells whose account at the provider a token belongs to, by the facts beside it. */
import type { CatalogEntry } from '../../catalog/entry.ts';

type Facts = Readonly<Record<string, string>>;

export interface Account {
  /** Organisation, workspace, site or person at the provider. */
  readonly orgId: string | undefined;
  readonly orgName: string | undefined;
  /** What the provider's webhooks name the installation by. */
  readonly installId: string | undefined;
}

/** Facts that tell the organisation, the widest first; those of private entries follow the same names. */
const ORG_ID = [
  'organization_id',
  'org_id',
  'org_slug',
  'team_id',
  'workspace_id',
  'cloud_id',
  'portal_id',
  'stripe_user_id',
  'account_id',
  'user_id',
];
const ORG_NAME = [
  'organization_name',
  'org_name',
  'org_slug',
  'team_name',
  'workspace_name',
  'site_name',
  'portal_domain',
  'account_login',
  'account_email',
];

export function accountOf({ webhook }: Pick<CatalogEntry, 'webhook'>, facts: Facts): Account {
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => facts[name]).find((value) => value !== undefined && value !== '');
  const routed = webhook?.route?.fact;
  return {
    orgId: first(ORG_ID),
    orgName: first(ORG_NAME),
    installId: first([...(routed === undefined ? [] : [routed]), 'installation_id']),
  };
}
