/** A tenants.json and Terraform variables as documents. */
import { describe, expect, it } from 'vitest';
import { imported } from './support.ts';

/** Like a live token, which no document may hold. */
const CANARY = `gh${'p_'}canary0123456789abcdef`;

describe('a tenants.json', () => {
  const file = (integration: object, tenant: object = {}): string =>
    JSON.stringify({
      tenants: [{ id: 'acme', name: 'Acme', ...tenant, integrations: [{ name: 'notion', ...integration }] }],
    });

  it('gives a tenant with its integrations', async () => {
    const { documents, from, of } = await imported(file({}));
    expect(from).toBe('tenants-json');
    expect(documents['tenants/acme/tenant.yaml']?.spec).toEqual({
      displayName: 'Acme',
      deletionPolicy: 'Retain',
    });
    expect(documents['tenants/acme/notion.yaml']).toEqual({
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: 'TenantIntegration',
      metadata: { name: 'acme-notion' },
      spec: { tenant: 'acme', integration: 'notion', deletionPolicy: 'Retain' },
    });
    expect(of('left')).toEqual([]);
  });

  it('with plain tokens gives the commands that store them, and no token', async () => {
    const { text, credentials, of } = await imported(
      file({ credentials: { accessToken: CANARY, refreshToken: `${CANARY}-2` } }),
    );
    expect(text).not.toContain(CANARY);
    expect(credentials.map(({ field, value }) => [field, value])).toEqual([
      ['access_token', CANARY],
      ['refresh_token', `${CANARY}-2`],
    ]);
    expect(of('secret').map(({ next }) => next)).toEqual([
      '`tenantry credentials set acme notion`',
      '`tenantry credentials set acme notion --secret refresh_token`',
    ]);
  });

  it('with references tells those that lead elsewhere', async () => {
    const own = await imported(
      file({ credentials: { accessToken: '${VAULT:secret/data/acme/notion:access_token}' } }),
    );
    expect(own.credentials).toEqual([]);
    const other = await imported(file({ credentials: { accessToken: '${VAULT:kv/data/x:token}' } }));
    expect(other.credentials).toHaveLength(1);
    expect(other.of('secret')[0]?.reason).toContain('another place than secret/acme/notion');
  });

  it('with fields that nobody knows tells each of them', async () => {
    const { of } = await imported(
      file({ enabled: true, credentials: { scope: 'x' } }, { tier: { name: 'gold' } }),
    );
    expect(
      of('left')
        .map(({ path }) => path)
        .sort(),
    ).toEqual([
      'tenants[0].integrations[0].credentials',
      'tenants[0].integrations[0].enabled',
      'tenants[0].tier',
    ]);
  });

  it('is refused with the place of what cannot be a name', async () => {
    await expect(imported('{"tenants": [{"id": "Not A Name"}]}')).rejects.toMatchObject({
      problems: [{ file: 'input', line: 1, path: 'tenants[0].id' }],
    });
  });

  it('keeps back a name that looks like a live secret', async () => {
    const token = `gh${'p_'}0123456789abcdef0123`;
    const { text, of } = await imported(file({}, { name: token }));
    expect(text).not.toContain(token);
    expect(of('secret')[0]?.path).toBe('tenants[0].name');
  });
});

describe('Terraform variables', () => {
  const variables = `
    source_definitions = { wiki = "6e00b415-b02e-4160-bf02-58176a0ae687" }
    tenants            = { "acme" = { name = "Acme", schema = "acme_data" }, globex = {} }
    region             = "eu"
    tenant_integrations = {
      acme-wiki = {
        tenant_id = "acme"
        provider  = "wiki"
        schedule  = "0 0/30 * * * ?"
        streams   = ["pages", { name = "users", sync_mode = "full_refresh_append" }]
        prefix    = "wiki_"
        owner     = "someone"
        configuration = { start_date = "2025-01-01T00:00:00.000Z", token = "${CANARY}" }
      }
      globex_jira = { tenant_id = "globex", provider = "jira", domain = "g.atlassian.net", email = "a@b.c", api_token = "$\${ENV:JIRA}", enabled = false }
    }
  `;

  it('give tenants, integrations, settings and schedules', async () => {
    const { documents, of, problems, text, credentials } = await imported(variables);
    expect(problems).toEqual([]);
    expect(documents['tenants/acme/tenant.yaml']?.spec).toEqual({
      displayName: 'Acme',
      database: { schema: 'acme_data' },
      deletionPolicy: 'Retain',
    });
    expect(documents['tenants/acme/notion.yaml']?.spec).toEqual({
      tenant: 'acme',
      integration: 'notion',
      config: { start_date: '2025-01-01T00:00:00.000Z' },
      sync: {
        schedule: '*/30 * * * *',
        prefix: 'wiki_',
        streams: [{ name: 'pages' }, { name: 'users', syncMode: 'full_refresh_append' }],
      },
      deletionPolicy: 'Retain',
    });
    expect(documents['tenants/globex/jira.yaml']?.spec).toEqual({
      tenant: 'globex',
      integration: 'jira',
      config: { domain: 'g.atlassian.net', email: 'a@b.c', api_token: '${ENV:JIRA}' },
      deletionPolicy: 'Retain',
      suspend: true,
    });
    expect(of('left').map(({ path }) => path)).toEqual(['tenant_integrations.acme-wiki.owner', 'region']);
    expect(text).not.toContain(CANARY);
    expect(credentials).toMatchObject([
      { tenant: 'acme', integration: 'notion', field: 'access_token', value: CANARY },
    ]);
  });

  it('are the same as JSON', async () => {
    const json = JSON.stringify({ tenant_integrations: { a: { tenant_id: 'acme', provider: 'notion' } } });
    const hcl = 'tenant_integrations = { a = { tenant_id = "acme", provider = "notion" } }';
    const [one, other] = [await imported(json), await imported(hcl)];
    expect(one.files.slice(1)).toEqual(other.files.slice(1));
    expect(one.files).toHaveLength(3);
  });

  it('tell what is no integration', async () => {
    const { of } = await imported(
      'tenant_integrations = { ok = { tenant_id = "acme", provider = "notion" }, a = 1, b = { provider = "notion" }, c = { tenant_id = "acme", provider = "zork" }, d = { tenant_id = "acme", provider = "notion" } }',
    );
    expect(of('left').map(({ path }) => path)).toEqual(
      ['a', 'b', 'c', 'd'].map((key) => `tenant_integrations.${key}`),
    );
  });
});
