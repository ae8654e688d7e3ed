/** What the connect wizard is told. */
import { afterEach, describe, expect, it } from 'vitest';
import { createSecrets } from '../../../src/clients/secrets.ts';
import { TenantryError } from '../../../src/errors.ts';
import { Redactor } from '../../../src/redact.ts';
import type { SidecarServer } from '../../../src/sidecar/context.ts';
import { createProviders } from '../../../src/sidecar/providers/providers.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import { connectOptionRoutes } from '../../../src/sidecar/tenants/connect-options.ts';
import type { CredentialStatus, TokenService } from '../../../src/sidecar/tokens/service.ts';
import { sidecarSettingsOf, testContext, testServer } from '../../support/sidecar-context.ts';
import { documentsOf, integrationYaml, platformYaml, tenantYaml } from '../../support/world.ts';

const open: SidecarServer[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

const SECRET = 'a-client-secret-that-no-page-sees';
const APPS = {
  notion: { clientId: 'platform-notion', clientSecret: '${ENV:NOTION_SECRET}' },
  slack: { clientId: 'platform-slack', clientSecret: '${ENV:NOT_SET_ANYWHERE}' },
};
const YAML =
  platformYaml('dev', { apps: APPS }) +
  tenantYaml('acme', { displayName: 'Acme' }) +
  integrationYaml('acme', 'notion') +
  integrationYaml('acme', 'slack', {
    config: { start_date: '2025-01-01T00:00:00Z' },
    scopes: ['channels:read', 'x'],
  }) +
  integrationYaml('acme', 'linear', {
    app: { clientId: 'own-linear', clientSecret: '${ENV:NOTION_SECRET}' },
  }) +
  integrationYaml('acme', 'airtable') +
  integrationYaml('acme', 'aws', {
    config: { bucket: 'acme-exports', role_arn: 'arn:aws:iam::123456789012:role/r' },
  }) +
  tenantYaml('resting', { suspend: true }) +
  integrationYaml('resting', 'notion');

async function options(
  place: string,
  status: Partial<CredentialStatus> = {},
): Promise<Record<string, unknown>> {
  const { documents, catalog } = await documentsOf(YAML);
  const view = stackView(documents, catalog);
  const env = {
    NOTION_SECRET: SECRET,
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: SECRET,
  };
  const redactor = new Redactor();
  const settings = sidecarSettingsOf({}, { publicUrl: 'https://connect.example.com' });
  const secrets = createSecrets({
    vault: {} as never,
    env,
    redactor,
    fingerprintKey: async () => {
      throw new TenantryError('Internal', 'not asked for');
    },
  });
  const stack = { current: () => view };
  const context = testContext({
    settings,
    stack,
    env,
    providers: createProviders({ secrets, redactor, settings, env, stack, now: Date.now }),
    tokens: {
      status: async () => ({ state: 'missing', missingScopes: [], scopes: [], ...status }),
    } as unknown as TokenService,
  });
  const app = await testServer(context, [connectOptionRoutes]);
  open.push(app);
  const [tenant, integration] = place.split('/');
  const answer = await app.inject(`/tenants/${tenant}/integrations/${integration}/connect-options`);
  expect(answer.statusCode, answer.body).toBe(200);
  expect(answer.body).not.toContain(SECRET);
  return answer.json<Record<string, unknown>>();
}

describe('what connecting takes', () => {
  it('is a redirect with the platform’s app, and how to use an own one', async () => {
    expect(await options('acme/notion')).toEqual({
      tenant: 'acme',
      tenantName: 'Acme',
      integration: 'notion',
      name: 'Notion',
      docs: 'https://developers.notion.com/docs/authorization',
      style: 'redirect',
      status: 'missing',
      fields: [],
      scopes: [],
      missingScopes: [],
      app: 'platform',
      ownApp: {
        allowed: true,
        storable: true,
        fields: [
          expect.objectContaining({ key: 'clientId', secret: false }),
          expect.objectContaining({ key: 'clientSecret', secret: true, required: true }),
          expect.objectContaining({ key: 'webhookSecret', secret: true, required: false }),
        ],
        document:
          'spec:\n  app:\n    clientId: …\n    clientSecret: ${VAULT:secret/data/acme/notion-app:client_secret}\n',
      },
      redirectUrl: 'https://connect.example.com/oauth/callback/notion',
      problem: null,
    });
  });

  it('explains the scopes of the document, and those that the token lacks', async () => {
    const found = await options('acme/slack', { state: 'active', missingScopes: ['x'] });
    expect(found).toMatchObject({
      status: 'active',
      scopes: [
        { name: 'channels:read', explanation: 'Read names and members of public channels.' },
        { name: 'x', explanation: null },
      ],
      missingScopes: [{ name: 'x', explanation: null }],
    });
  });

  it('is an own app where the document has one', async () => {
    expect(await options('acme/linear')).toMatchObject({ app: 'own', problem: null });
  });

  it('is a form with this tenant’s own external id for a role of AWS, and never an own app', async () => {
    const found = await options('acme/aws');
    expect(found).toMatchObject({
      style: 'form',
      redirectUrl: null,
      app: 'platform',
      ownApp: { allowed: false, storable: false, fields: [], document: '' },
      fields: [
        {
          key: 'role_arn',
          label: 'ARN of the role',
          secret: false,
          required: true,
          help: expect.stringContaining('tenantry:dev:acme'),
        },
      ],
    });
  });

  it('says in words for a tenant’s person why nobody can connect, without what is inside', async () => {
    const missing = await options('acme/airtable');
    expect(missing['app']).toBe('missing');
    const broken = await options('acme/slack');
    for (const { problem } of [missing, broken] as { problem: Record<string, string> }[]) {
      expect(problem.message).toBe('something is not set up here');
      expect(JSON.stringify(problem)).not.toMatch(/NOT_SET|spec\.apps|_CLIENT/);
    }
    expect(await options('resting/notion')).toMatchObject({ problem: { code: 'Blocked' } });
  });
});
