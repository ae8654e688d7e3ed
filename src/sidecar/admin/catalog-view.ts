/** What everybody may know of a catalog entry: how one connects, what is asked for, what comes. Holds no secret. */
import type { CatalogEntry } from '../../catalog/entry.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import { connectStyleOf } from '../oauth/connect-style.ts';
import { variablePrefix } from '../providers/app.ts';
import { authKinds } from '../providers/index.ts';

export interface ScopeView {
  readonly name: string;
  readonly explanation: string | null;
}

export interface FieldView {
  readonly key: string;
  readonly label: string;
  readonly secret: boolean;
  readonly required: boolean;
  readonly help: string | null;
}

/** `platform`: there is one; `missing`: one is needed and not there; `unneeded`: this kind of auth has none. */
export type AppState = 'platform' | 'missing' | 'unneeded';

/** Scopes that are asked for where a document names none; permissions of a GitHub App read like scopes. */
export function usualScopes({ auth }: CatalogEntry): readonly string[] {
  if (auth.kind === 'oauth2' || auth.kind === 'oauth2_client_credentials') return auth.scopes.default;
  if (auth.kind !== 'github_app') return [];
  return Object.entries(auth.permissions).map(([name, level]) => `${name}:${level}`);
}

export function explained({ auth }: CatalogEntry, scopes: readonly string[]): ScopeView[] {
  const isApp = auth.kind === 'github_app';
  const words = new Map(
    Object.entries(isApp ? auth.explained : 'scopes' in auth ? auth.scopes.explained : {}),
  );
  // The same permission is explained whether it is to read or to write.
  return scopes.map((name) => ({
    name,
    explanation: words.get(isApp ? name.replace(/:.*/, '') : name) ?? null,
  }));
}

/** @param values what texts of the form are filled with, e.g. `external_id` of an AWS role */
export function formOf(entry: CatalogEntry, values: Readonly<Record<string, string>>): FieldView[] {
  const fields = authKinds[entry.auth.kind].form?.({ entry, values }) ?? [];
  return fields.map(({ name, label, secret, help }) => ({
    key: name,
    label,
    secret,
    required: true,
    help: help ?? null,
  }));
}

/** By its settings; whether they are right is for GET /admin/setup. */
export function appStateOf(
  { id, auth }: CatalogEntry,
  { spec }: Pick<PlatformDocument, 'spec'>,
  env: NodeJS.ProcessEnv,
): AppState {
  if (auth.kind === 'api_key' || auth.kind === 'basic') return 'unneeded';
  const prefix = variablePrefix(id);
  const variables = [
    `${prefix}_CLIENT_ID`,
    `${prefix}_APP_ID`,
    ...(auth.kind === 'aws_role' ? [AWS_KEY] : []),
  ];
  return spec.apps[id] !== undefined || variables.some((name) => env[name]) ? 'platform' : 'missing';
}

const AWS_KEY = 'AWS_ACCESS_KEY_ID';

export function summaryView(
  entry: CatalogEntry,
  platform: Pick<PlatformDocument, 'spec'>,
  env: NodeJS.ProcessEnv,
): {
  id: string;
  name: string;
  category: CatalogEntry['category'];
  docs: string;
  auth: CatalogEntry['auth']['kind'];
  connectStyle: ReturnType<typeof connectStyleOf>;
  app: AppState;
  streams: number;
  offers: { syncs: boolean; proxy: boolean; webhooks: boolean; tools: boolean };
} {
  return {
    id: entry.id,
    name: entry.name,
    category: entry.category,
    docs: entry.docs,
    auth: entry.auth.kind,
    connectStyle: connectStyleOf(entry),
    app: appStateOf(entry, platform, env),
    streams: entry.airbyte?.streams.length ?? 0,
    offers: {
      syncs: entry.airbyte !== undefined,
      proxy: entry.proxy !== undefined,
      webhooks: entry.webhook !== undefined,
      tools: entry.mcp !== undefined,
    },
  };
}
