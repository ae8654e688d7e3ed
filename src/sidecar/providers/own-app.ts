/** What an app of a tenant's own consists of, by the catalog entry. Pure; holds no secret. */
import type { CatalogEntry } from '../../catalog/entry.ts';
import { needsApp } from '../../catalog/source-configuration.ts';

export type OwnAppKey = 'clientId' | 'clientSecret' | 'appId' | 'slug' | 'privateKey' | 'webhookSecret';

export interface OwnAppField {
  /** As in spec.app of the document. */
  readonly key: OwnAppKey;
  readonly label: string;
  readonly secret: boolean;
  readonly required: boolean;
  readonly help: string | null;
}

const CLIENT: readonly OwnAppField[] = [
  { key: 'clientId', label: 'Client id', secret: false, required: true, help: 'As the provider shows it.' },
  { key: 'clientSecret', label: 'Client secret', secret: true, required: true, help: null },
];

const SLUG: OwnAppField = {
  key: 'slug',
  label: 'Name of the app in its URL',
  secret: false,
  required: true,
  help: null,
};

const GITHUB: readonly OwnAppField[] = [
  { key: 'appId', label: 'App id', secret: false, required: true, help: 'On the app’s page at GitHub.' },
  SLUG,
  { key: 'privateKey', label: 'Private key', secret: true, required: true, help: 'PEM, made on that page.' },
];

const WEBHOOK: OwnAppField = {
  key: 'webhookSecret',
  label: 'Webhook signing secret',
  secret: true,
  required: false,
  help: 'Only where the app sends webhooks; without it they are refused.',
};

/** Can a tenant have an app of its own there, by whichever way? */
export function takesOwnApp({ auth: { kind } }: Pick<CatalogEntry, 'auth'>): boolean {
  return kind === 'oauth2' || kind === 'oauth2_client_credentials' || kind === 'github_app';
}

/** False where Airbyte is given the app as well: that is made from the documents alone. */
export function takesStoredApp(entry: CatalogEntry): boolean {
  return takesOwnApp(entry) && !needsApp(entry);
}

/** None where the tenant cannot have one. */
export function ownAppFields(entry: CatalogEntry): readonly OwnAppField[] {
  if (!takesOwnApp(entry)) return [];
  const { auth, webhook } = entry;
  const isNamed = auth.kind !== 'github_app' && JSON.stringify(auth).includes('{app}');
  return [
    ...CLIENT,
    ...(auth.kind === 'github_app' ? GITHUB : []),
    ...(isNamed ? [SLUG] : []),
    ...(webhook?.secret === 'app' ? [WEBHOOK] : []),
  ];
}
