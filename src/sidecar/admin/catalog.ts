/** Routes that show the catalog: what tenants can be connected to, and what each service asks for. */
import { z } from 'zod';
import type { CatalogEntry } from '../../catalog/entry.ts';
import { TenantryError } from '../../errors.ts';
import type { Routes, SidecarContext } from '../context.ts';
import { integrationName, integrationParam } from '../oauth/schemas.ts';
import { explained, formOf, summaryView, usualScopes } from './catalog-view.ts';

export const scopeAnswer = z.object({
  name: z.string(),
  explanation: z.string().nullable().describe('What it lets us do; null: the catalog does not say.'),
});

export const fieldAnswer = z.object({
  key: z.string().describe('Name of the field in the request.'),
  label: z.string(),
  secret: z.boolean().describe('To be typed unseen, and never shown again.'),
  required: z.boolean(),
  help: z.string().nullable(),
});

const summary = z.object({
  id: integrationName,
  name: z.string().describe('Name that people see.'),
  category: z.string(),
  docs: z.string().describe('The service’s own page about it.'),
  auth: z
    .enum(['oauth2', 'github_app', 'api_key', 'basic', 'oauth2_client_credentials', 'aws_role'])
    .describe('How a tenant connects.'),
  connectStyle: z
    .enum(['redirect', 'form', 'none'])
    .describe(
      'redirect: the person goes to the provider; form: they type something in; none: nothing is asked.',
    ),
  app: z
    .enum(['platform', 'missing', 'unneeded'])
    .describe('Has the platform an app at the provider? unneeded: this kind of auth has none.'),
  streams: z.int().describe('Streams that are synced where a document names none.'),
  offers: z.object({
    syncs: z.boolean(),
    proxy: z.boolean(),
    webhooks: z.boolean(),
    tools: z.boolean().describe('Has it an MCP server?'),
  }),
});

const listAnswer = z
  .object({
    integrations: z
      .array(summary.meta({ id: 'CatalogSummary', description: 'A service in a list.' }))
      .describe('By name.'),
  })
  .meta({ id: 'Catalog', description: 'What tenants can be connected to.' });

const entryAnswer = summary
  .extend({
    scopes: z.array(scopeAnswer).describe('Asked for where a document names none.'),
    form: z.array(fieldAnswer).describe('What a person types in to connect.'),
    settings: z
      .array(
        fieldAnswer.extend({
          type: z.enum(['string', 'integer', 'boolean', 'array', 'object']),
          example: z.unknown().optional(),
        }),
      )
      .describe('Fields of spec.config of a document.'),
    streamList: z.array(
      z.object({ name: z.string(), syncMode: z.string().nullable().describe('Null: full refresh.') }),
    ),
    hosts: z.array(z.string()).describe('Hosts that the proxy calls.'),
  })
  .meta({ id: 'CatalogEntry', description: 'A service that tenants can be connected to.' });

export const catalogRoutes: Routes = (app, context) => {
  // Every role may see what there is; it is the same for all.
  const config = { access: { permission: 'tenant.read' } } as const;
  app.get(
    '/catalog',
    {
      config,
      schema: {
        tags: ['catalog'],
        operationId: 'listCatalog',
        summary: 'What tenants can be connected to',
        response: { 200: listAnswer },
      },
    },
    async () => {
      const { catalog, platform } = context.stack.current();
      const entries = [...catalog.values()].map((entry) => summaryView(entry, platform, envOf(context)));
      return { integrations: entries.sort((one, other) => one.name.localeCompare(other.name, 'en')) };
    },
  );
  app.get(
    '/catalog/:integration',
    {
      config,
      schema: {
        tags: ['catalog'],
        operationId: 'getCatalogEntry',
        summary: 'A service that tenants can be connected to',
        params: integrationParam,
        response: { 200: entryAnswer },
      },
    },
    async (request) => {
      const { catalog, platform } = context.stack.current();
      const entry = catalog.get(request.params.integration);
      if (!entry) {
        throw new TenantryError('NotFound', `the catalog has no ${request.params.integration}`, {
          hint: 'GET /catalog lists what there is',
        });
      }
      return { ...summaryView(entry, platform, envOf(context)), ...detailsOf(entry) };
    },
  );
};

function envOf({ env }: SidecarContext): NodeJS.ProcessEnv {
  return env ?? process.env;
}

/** What stands for a tenant's own value where no tenant is named. */
const OF_TENANT = { external_id: 'shown-when-you-connect' };

type Details = Pick<z.output<typeof entryAnswer>, 'scopes' | 'form' | 'settings' | 'streamList' | 'hosts'>;

function detailsOf(entry: CatalogEntry): Details {
  const { airbyte, proxy } = entry;
  return {
    scopes: explained(entry, usualScopes(entry)),
    form: formOf(entry, OF_TENANT),
    settings: Object.entries(airbyte?.config ?? {}).map(([key, setting]) => ({
      key,
      label: inWords(key),
      secret: setting.secret,
      required: setting.required,
      help: setting.description,
      type: setting.type,
      ...(setting.example !== undefined && { example: setting.example }),
    })),
    streamList: (airbyte?.streams ?? []).map(({ name, syncMode }) => ({ name, syncMode: syncMode ?? null })),
    hosts: proxy ? [...new Set([hostOf(proxy.baseUrl), ...proxy.hosts])] : [],
  };
}

/** `api_token` gives `Api token`. */
function inWords(key: string): string {
  const words = key.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A template may have placeholders in its host, which no URL parser takes. */
function hostOf(template: string): string {
  return template.replace(/^https?:\/\//, '').replace(/[/?#].*$/s, '');
}
