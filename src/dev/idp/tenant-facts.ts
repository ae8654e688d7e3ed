/** Facts that a vendor would know of a tenant, made from the tenant's name: the same at every start. */
import { createHash } from 'node:crypto';

/** Hex digits that depend on the words only. */
export function digest(...words: readonly string[]): string {
  return createHash('sha256').update(words.join('\u0000')).digest('hex');
}

/** A UUID (version 4 in form) that depends on the words only. */
export function stableUuid(...words: readonly string[]): string {
  const hex = digest(...words);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** An id in Slack's style: a letter for the kind, then capitals and digits. */
export function slackId(kind: string, ...words: readonly string[]): string {
  const number = BigInt(`0x${digest(kind, ...words).slice(0, 13)}`);
  return kind + number.toString(36).toUpperCase().padStart(10, '0').slice(0, 10);
}

/** The Atlassian site of a tenant; `/ex/jira/{cloudId}` is its API. */
export function jiraCloudId(tenant: string): string {
  return stableUuid('jira cloud', tenant);
}

export interface JiraSite {
  readonly id: string;
  readonly url: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly avatarUrl: string;
}

/** One entry of Atlassian's accessible-resources. */
export function jiraSite(tenant: string, scopes: readonly string[]): JiraSite {
  return {
    id: jiraCloudId(tenant),
    url: `https://${tenant}.atlassian.net`,
    name: tenant,
    scopes,
    avatarUrl: 'https://site-admin-avatar-cdn.prod.public.atl-paas.net/avatars/240/flag.png',
  };
}

/** A tenant's HubSpot account. */
export function hubId(tenant: string): number {
  return Number.parseInt(digest('hubspot portal', tenant).slice(0, 7), 16);
}

/** A tenant's Stripe account. */
export function stripeAccount(tenant: string): string {
  return `acct_${digest('stripe account', tenant).slice(0, 16)}`;
}
