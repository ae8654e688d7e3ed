/** Fills what documents refer to but nobody has set: OAuth apps of tenants and API tokens, all of the sandbox. */
import { createHmac } from 'node:crypto';
import type { Catalog } from '../catalog/entry.ts';
import type { Documents } from '../spec/documents.ts';
import type { IntegrationDocument } from '../spec/integration.ts';
import { parseSecretRef } from '../spec/secret-ref.ts';
import type { Environment } from './environment.ts';

/**
 * @param options.env the process's own environment: what is set there is never replaced
 * @returns variables for every `${ENV:NAME}` of a tenant's own app and of secret settings
 */
export function sandboxVariables(
  documents: Documents,
  catalog: Catalog,
  environment: Environment,
  options: {
    readonly env: NodeJS.ProcessEnv;
    readonly redirectUri: (integration: string) => string;
  },
): Record<string, string> {
  const { env, redirectUri } = options;
  const variables: Record<string, string> = {};
  const missing = (text: unknown): string | undefined => {
    const ref = typeof text === 'string' ? parseSecretRef(text) : undefined;
    return ref?.from === 'env' && env[ref.name] === undefined ? ref.name : undefined;
  };
  for (const document of documents.integrations) {
    addOwnApp(document, { environment, redirectUri }, missing, variables);
    addApiTokens(document, { catalog, environment }, missing, variables);
  }
  const earlier = env[MADE_HERE]?.split(' ') ?? [];
  const names = [...new Set([...earlier, ...Object.keys(variables)])].filter((name) => name !== '');
  return names.length === 0 ? variables : { ...variables, [MADE_HERE]: names.join(' ') };
}

/** Names of what was made here. It stands in the file for a second terminal, which a shell may have read. */
const MADE_HERE = 'TENANTRY_DEV_VARIABLES';

/**
 * The process's own environment without what an earlier `tenantry dev` made, whose apps and tokens nobody knows now:
 * a shell that has read its file still holds them.
 */
export function withoutSandbox(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const made = new Set([MADE_HERE, ...(env[MADE_HERE]?.split(' ') ?? [])]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !made.has(name)));
}

type Missing = (text: unknown) => string | undefined;

function addOwnApp(
  document: IntegrationDocument,
  {
    environment,
    redirectUri,
  }: { readonly environment: Environment; readonly redirectUri: (integration: string) => string },
  missing: Missing,
  variables: Record<string, string>,
): void {
  const { app, integration } = document.spec;
  const [id, secret] = [missing(app?.clientId), missing(app?.clientSecret)];
  if (id === undefined || secret === undefined || !(integration in environment.idp.clients)) return;
  // The same name gives the same app, so that a kept data folder goes on with it.
  const client = environment.idp.registerClient(integration, {
    redirectUris: [redirectUri(integration)],
    clientId: `app-${document.metadata.name}`,
  });
  variables[id] = client.clientId;
  variables[secret] = client.clientSecret;
}

function addApiTokens(
  document: IntegrationDocument,
  { catalog, environment }: { readonly catalog: Catalog; readonly environment: Environment },
  missing: Missing,
  variables: Record<string, string>,
): void {
  const { config, integration, tenant } = document.spec;
  for (const [field, setting] of Object.entries(catalog.get(integration)?.airbyte?.config ?? {})) {
    const name = setting.secret ? missing(config[field]) : undefined;
    if (name === undefined) continue;
    // Made from a secret that a kept data folder keeps, so that a restart changes nothing.
    const key = environment.idp.clients[integration]?.clientSecret ?? environment.vault.rootToken;
    const token = createHmac('sha256', key).update(`${document.metadata.name} ${field}`).digest('base64url');
    environment.saas.addStaticToken(integration, token, tenant);
    variables[name] = token;
  }
}
