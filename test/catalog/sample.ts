/** Sample documents for catalog entries, made from the examples in the entries themselves. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogEntry } from '../../src/catalog/entry.ts';
import { catalogEntry } from '../../src/catalog/entry.ts';

/** A spec.config from the examples: of the required settings only, or of all. */
export function sampleConfig(entry: CatalogEntry, settings: 'required' | 'all'): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(entry.airbyte?.config ?? {})) {
    if (settings === 'required' && !setting.required) continue;
    const value = setting.example ?? setting.default;
    if (value === undefined) throw new Error(`${entry.id}: the setting ${name} has no example`);
    config[name] = value;
  }
  return config;
}

/** Third-party data beside the repository; undefined, with the reason printed, where it is absent. */
export function sharedJson(path: string): Record<string, unknown> | undefined {
  const file = join(import.meta.dirname, '..', '..', '..', 'shared', path);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  console.warn(`skipped: ../shared/${path} is not there, so the catalog is not compared with it`);
  return undefined;
}

/** A small valid entry, with parts of it replaced. */
export function entryWith(parts: Record<string, unknown> = {}): CatalogEntry {
  return catalogEntry.parse({ ...minimal, ...parts });
}

const minimal = {
  id: 'acme-crm',
  name: 'Acme CRM',
  category: 'crm',
  docs: 'https://acme.example/docs',
  auth: {
    kind: 'oauth2',
    authorizationUrl: 'https://acme.example/oauth/authorize',
    tokenUrl: 'https://acme.example/oauth/token',
    pkce: 'supported',
    refresh: { issued: 'always', rotates: false },
    facts: { account_id: 'account.id' },
  },
  airbyte: {
    sourceType: 'acme-crm',
    credentialOwner: 'tenantry',
    config: {
      host: {
        type: 'string',
        required: true,
        pattern: '^[a-z.]+$',
        description: 'Host.',
        example: 'a.example',
      },
      api_token: { type: 'string', secret: true, description: 'Token.' },
      limit: { type: 'integer', default: 10, description: 'Rows of a page.' },
      groups: { type: 'array', pattern: '^[a-z]+$', description: 'Groups.' },
    },
    configuration: {
      token: '{{credential.access_token}}',
      options: { host: '{{config.host}}', limit: '{{config.limit}}', groups: '{{config.groups}}' },
      extra: ['fixed', '{{config.api_token}}'],
    },
    streams: [{ name: 'contacts' }],
  },
};

/** The Airbyte part of the small entry, with parts of it replaced. */
export function airbyteWith(parts: Record<string, unknown>): Record<string, unknown> {
  return { ...minimal.airbyte, ...parts };
}

/** The auth part of the small entry, with parts of it replaced. */
export function authWith(parts: Record<string, unknown>): Record<string, unknown> {
  return { ...minimal.auth, ...parts };
}
