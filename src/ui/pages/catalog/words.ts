/** Terms of the catalog in plain words. */
import type { Schema } from '../../../client/index.ts';

export type Summary = Schema<'CatalogSummary'>;

export function authWords(auth: Summary['auth']): string {
  switch (auth) {
    case 'oauth2':
      return 'OAuth: a person agrees at the provider';
    case 'github_app':
      return 'GitHub App: a person installs it';
    case 'api_key':
      return 'API key: a person enters it';
    case 'basic':
      return 'User name and password';
    case 'oauth2_client_credentials':
      return 'OAuth client credentials: nobody is asked';
    case 'aws_role':
      return 'AWS role: a person enters its ARN';
  }
}

export function appWords(app: Summary['app']): {
  readonly tone: 'good' | 'warn' | 'quiet';
  readonly text: string;
} {
  if (app === 'platform') return { tone: 'good', text: 'App is set up' };
  if (app === 'missing') return { tone: 'warn', text: 'No app yet' };
  return { tone: 'quiet', text: 'Needs no app' };
}

export function offersWords({ offers }: Pick<Summary, 'offers'>): string {
  const words = [
    offers.syncs && 'syncs',
    offers.proxy && 'API calls',
    offers.webhooks && 'webhooks',
    offers.tools && 'tools for agents',
  ].filter((word) => word !== false);
  return words.join(', ');
}

export function categoryWords(category: string): string {
  if (category === 'crm') return 'CRM';
  const words = category.replaceAll(/[_-]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Every word of the search stands in the name, the id or the category. */
export function isFound({ id, name, category }: Summary, search: string): boolean {
  const text = `${id} ${name} ${category}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
