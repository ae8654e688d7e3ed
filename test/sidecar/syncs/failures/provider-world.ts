/** The fake APIs of providers with a tenant's token that is good there, for tests of what a provider says. */
import { createSecrets } from '../../../../src/clients/secrets.ts';
import { type DevSaas, startDevSaas } from '../../../../src/dev/saas/server.ts';
import type { TenantryError } from '../../../../src/errors.ts';
import { Redactor } from '../../../../src/redact.ts';
import type { Access } from '../../../../src/sidecar/audit/access-log.ts';
import { createProviders } from '../../../../src/sidecar/providers/providers.ts';
import { stackView } from '../../../../src/sidecar/stack/view.ts';
import type { DiagnosisParts } from '../../../../src/sidecar/syncs/failures/diagnose.ts';
import type { UsableToken } from '../../../../src/sidecar/tokens/service.ts';
import { type TestContext, testContext } from '../../../support/sidecar-context.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../../support/world.ts';

const START = '2025-01-01T00:00:00Z';

const INTEGRATIONS: Readonly<Record<string, object>> = {
  notion: {},
  slack: { config: { start_date: START } },
  linear: {},
  hubspot: {},
  github: { config: { repositories: ['acme/shop'] } },
  jira: { config: { domain: 'acme.atlassian.net', email: 'a@acme.example', api_token: '${ENV:JIRA_TOKEN}' } },
};

const ORIGINS: Readonly<Record<string, string>> = {
  notion: 'https://api.notion.com',
  slack: 'https://slack.com',
  linear: 'https://api.linear.app',
  hubspot: 'https://api.hubapi.com',
  github: 'https://api.github.com',
  jira: 'https://api.atlassian.com',
};

export interface ProviderWorld extends AsyncDisposable {
  readonly saas: DevSaas;
  readonly parts: DiagnosisParts;
  readonly context: TestContext;
  /** Records of the audit. */
  readonly uses: readonly Access[];
  readonly integrations: readonly string[];
  readonly token: { value: string; error: TenantryError | undefined };
  readonly clock: { now: number };
}

export const GOOD = 'good-token-of-acme';

export async function startProviderWorld(): Promise<ProviderWorld> {
  const saas = await startDevSaas({ introspect: async () => ({ active: false }) });
  const integrations = Object.keys(INTEGRATIONS);
  for (const integration of integrations) saas.addStaticToken(integration, GOOD, 'acme');
  const yaml = Object.entries(INTEGRATIONS).map(([name, spec]) => integrationYaml('acme', name, spec));
  const { documents, catalog } = await documentsOf([tenantYaml('acme'), ...yaml].join(''), {
    makesSources: false,
  });
  const view = stackView(documents, catalog);
  const stack = { current: () => view };
  const providerOrigins = Object.fromEntries(
    integrations.map((name) => [ORIGINS[name] ?? '', saas.urls[name] ?? '']),
  );
  const env = Object.fromEntries(
    integrations.flatMap((name) => [
      [`${name.toUpperCase()}_CLIENT_ID`, 'client'],
      [`${name.toUpperCase()}_CLIENT_SECRET`, 'secret-of-the-app'],
    ]),
  );
  const clock = { now: Date.parse('2026-03-01T12:00:00Z') };
  const now = (): number => clock.now;
  const redactor = new Redactor();
  const token: ProviderWorld['token'] = { value: GOOD, error: undefined };
  const vault = undefined as unknown as Parameters<typeof createSecrets>[0]['vault'];
  const secrets = createSecrets({ vault, env, redactor, fingerprintKey: async () => 'key' });
  const settings = { providerOrigins };
  const context = testContext({
    stack,
    redactor,
    now,
    providers: createProviders({ stack, secrets, redactor, settings, env, now }),
    tokens: { get: async () => usable(token) } as unknown as TestContext['tokens'],
  });
  const uses: Access[] = [];
  const accessLog = { record: async (access: Access) => void uses.push(access) };
  const { providers, tokens, log } = context;
  return {
    saas,
    context,
    uses,
    parts: { stack, redactor, now, log, providers, tokens, settings, database: NO_TRIES, accessLog },
    integrations,
    token,
    clock,
    [Symbol.asyncDispose]: () => saas.close(),
  };
}

const NO_TRIES = { asTenant: async () => [] } as unknown as DiagnosisParts['database'];

function usable({ value, error }: ProviderWorld['token']): UsableToken {
  if (error) throw error;
  return {
    value,
    tokenType: 'bearer',
    expiresAt: undefined,
    version: 1,
    scopes: [],
    facts: { cloud_id: 'cloud-1', installation_id: '1' },
    fields: {},
  };
}
