import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../../src/catalog/load.ts';
import { kvPlace } from '../../../src/clients/secrets.ts';
import { findReferences, forbiddenReferences } from '../../../src/operator/documents/references.ts';
import { operator } from '../../../src/spec/operator.ts';
import { parseSecretRef } from '../../../src/spec/secret-ref.ts';

const catalog = await loadCatalog();
const NOTHING = { vault: [], env: [] };

function refused(text: string, tenant = 'acme', allowed: { vault: string[]; env: string[] } = NOTHING) {
  const rules = { kvMount: 'secret', allowed, catalog };
  return forbiddenReferences(findReferences({ config: { api_token: text } }), tenant, rules);
}

describe('a reference in a document from Kubernetes', () => {
  it.each([
    ['another tenant’s secret', '${VAULT:secret/data/globex/jira:api_token}'],
    ['another tenant whose name begins the same', '${VAULT:secret/data/acme-eu/jira:api_token}'],
    ['what the platform keeps', '${VAULT:secret/data/_platform/apps:notion_client_secret}'],
    ['a way upwards', '${VAULT:secret/data/acme/../globex/jira:api_token}'],
    ['a way upwards at the end', '${VAULT:secret/data/acme/..:api_token}'],
    ['a way to where it is', '${VAULT:secret/data/./acme/jira:api_token}'],
    ['an empty part', '${VAULT:secret/data//acme/jira:api_token}'],
    ['a slash before', '${VAULT:/secret/data/acme/jira:api_token}'],
    ['a slash behind', '${VAULT:secret/data/acme/jira/:api_token}'],
    ['a hidden part', '${VAULT:secret/data/acme/.x:api_token}'],
    ['the folder itself', '${VAULT:secret/data/acme:api_token}'],
    ['the form of the command line, which leaves out data', '${VAULT:secret/acme/jira:api_token}'],
    ['the metadata', '${VAULT:secret/metadata/acme/jira:api_token}'],
    ['another mount', '${VAULT:kv/data/acme/jira:api_token}'],
    ['a mount that holds the own one’s name', '${VAULT:x/secret/data/acme/jira:api_token}'],
    ['what Vault says of its tokens', '${VAULT:auth/token/lookup-self:id}'],
    ['the claim', '${VAULT:secret/data/acme/_tenantry:owner}'],
    ['the OAuth token that Tenantry keeps', '${VAULT:secret/data/acme/notion:refresh_token}'],
    ['a token of an integration that the catalog has not', '${VAULT:secret/data/acme/wiki:access_token}'],
    ['the operator’s login', '${ENV:VAULT_TOKEN}'],
    ['any other variable', '${ENV:PATH}'],
  ])('does not name %s', (_what, text) => {
    expect(refused(text)).toEqual(
      [{ path: 'spec.config.api_token', message: expect.stringContaining('document from Kubernetes') }].map(
        (each) =>
          text.includes('_tenantry') ? { ...each, message: expect.stringContaining('record') } : each,
      ),
    );
  });

  it.each([
    '${VAULT:secret/data/acme/jira:api_token}',
    '${VAULT:secret/data/acme/apps/notion:client_secret}',
    '${VAULT:secret/data/acme/apps/notion:access_token}',
  ])('names what is in the tenant’s own folder: %s', (text) => {
    expect(refused(text)).toEqual([]);
  });

  it('names what the Platform allows, and says so where it does not', () => {
    const allowed = { vault: ['teams/data/{tenant}/*', 'secret/data/shared/jira'], env: ['JIRA_TOKEN'] };
    expect(refused('${VAULT:teams/data/acme/x/y:z}', 'acme', allowed)).toEqual([]);
    expect(refused('${VAULT:secret/data/shared/jira:token}', 'acme', allowed)).toEqual([]);
    expect(refused('${ENV:JIRA_TOKEN}', 'acme', allowed)).toEqual([]);
    for (const text of [
      'teams/data/globex/x',
      'secret/data/shared/jira2',
      'secret/data/shared/jira/x',
      'teams/data/acme',
    ]) {
      expect(refused(`\${VAULT:${text}:z}`, 'acme', allowed)[0]?.message, text).toContain(
        'it may name secret/data/acme/*, teams/data/acme/*, secret/data/shared/jira (spec.operator.references.vault of the Platform)',
      );
    }
    expect(refused('${ENV:PGPASSWORD}', 'acme', allowed)[0]?.message).toContain(
      'it may name only JIRA_TOKEN',
    );
  });

  it('is found in every field, however deep', () => {
    const spec = {
      app: { clientId: '${ENV:A}', clientSecret: '${ENV:B}', redirectUri: '${ENV:C}' },
      config: { streams: [{ format: { key: '${ENV:D}' } }] },
    };
    const paths = forbiddenReferences(findReferences(spec), 'acme', {
      kvMount: 'secret',
      allowed: NOTHING,
      catalog,
    });
    expect(paths.map(({ path }) => path)).toEqual([
      'spec.app.clientId',
      'spec.app.clientSecret',
      'spec.app.redirectUri',
      'spec.config.streams[0].format.key',
    ]);
  });

  it('that is allowed leads into the tenant’s folder, by whatever way it is read', () => {
    const part = fc.constantFrom(
      'acme',
      'globex',
      'data',
      'secret',
      '.',
      '..',
      '',
      'a.b',
      '_platform',
      'metadata',
      'jira',
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 7 }),
        fc.constantFrom('secret/data/acme/', 'secret/', ''),
        (parts, start) => {
          const text = `\${VAULT:${start}${parts.join('/')}:key}`;
          const ref = parseSecretRef(text);
          fc.pre(ref?.from === 'vault');
          if (refused(text).length > 0) return;
          const place = kvPlace((ref as { path: string }).path, 'secret');
          expect(place.mount).toBe('secret');
          expect(new URL(`https://vault/v1/secret/data/${place.path}`).pathname).toMatch(
            /^\/v1\/secret\/data\/acme\/./,
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('what the Platform allows', () => {
  it.each([
    'secret/*',
    'secret/data/*',
    'secret/data/../x',
    'secret/data/a/.b',
    '/secret/data/a',
    'secret/data/a/',
    'secret/data/a*',
  ])('is no path such as %s', (place) => {
    expect(operator.safeParse({ references: { vault: [place] } }).success).toBe(false);
  });

  it.each(['secret/data/shared', 'secret/data/shared/*', 'a/b/data/{tenant}/x/*'])(
    'is a path such as %s',
    (place) => {
      expect(operator.parse({ references: { vault: [place] } }).references.vault).toEqual([place]);
    },
  );

  it('is nothing where it says nothing', () => {
    expect(operator.parse({})).toEqual({ references: { vault: [], env: [] }, hosts: [], adopt: false });
  });
});
