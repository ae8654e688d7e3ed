import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveSecretKind } from '../../src/spec/literal-secrets.ts';
import { loadStack } from '../../src/spec/load.ts';
import { loadAndCheck } from '../../src/spec/stack.ts';
import { integration, problemsOf, tenant, withStack } from './stack-folder.ts';

const CANARY = 'CanaryValue7Q2';

/** Assembled here, so that no text in this file looks like a token to a scanner. */
const TOKENS = [
  ['xoxb', '-', `1234-${CANARY}`, 'a Slack token'],
  ['ghp', '_', CANARY.repeat(2), 'a GitHub token'],
  ['github_pat', '_', CANARY.repeat(2), 'a GitHub token'],
  ['glpat', '-', CANARY.repeat(2), 'a GitLab token'],
  ['sk_live', '_', CANARY.repeat(2), 'a Stripe key'],
  ['secret', '_', CANARY.repeat(3), 'a Notion token'],
  ['ntn', '_', CANARY.repeat(3), 'a Notion token'],
  ['AKI', 'A', 'CANARYCANARY7Q2X', 'an AWS access key'],
  ['hvs', '.', CANARY.repeat(2), 'a Vault token'],
].map(([prefix = '', separator = '', rest = '', kind = '']) => [kind, prefix + separator + rest] as const);

/** Each place where a person may put a secret by mistake. */
const PLACES: readonly (readonly [string, string])[] = [
  ['a secret field of the wrong form', `  app: { clientId: a, clientSecret: ${CANARY} }\n`],
  ['a secret field of the wrong type', `  app: { clientId: a, clientSecret: [${CANARY}] }\n`],
  ['a secret field that is misspelt', `  app: { clientId: a, clientSecrt: ${CANARY} }\n`],
  ['an unknown field with a telling name', `  token: ${CANARY}\n`],
  ['a duplicate key', `  app: { clientSecret: ${CANARY}, clientSecret: ${CANARY} }\n`],
  ['a quote that is not closed', `  app: { clientId: a, clientSecret: "${CANARY} }\n`],
  ['a secret with a wrong escape', `  app: { clientId: a, clientSecret: "${CANARY}\\q" }\n`],
  ['a block scalar with a wrong header', `  app:\n    clientSecret: |${CANARY}\n`],
  [
    'a secret setting of the catalog',
    `  config: { api_key: ${CANARY}, token: ${CANARY}, start_date: { x: ${CANARY} } }\n`,
  ],
  ['a secret as an alias', `  app: { clientId: a, clientSecret: *${CANARY} }\n`],
];

describe('a literal secret is refused and never repeated', () => {
  it.each(PLACES)('%s', async (_name, more) => {
    const text = integration('acme-notion', { tenant: 'acme', integration: 'notion' }, more);
    await withStack({ 'tenants/a.yaml': tenant('acme'), 'tenants/t.yaml': text }, async (dir) => {
      const problems = await problemsOf(dir, loadAndCheck);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.join('\n')).not.toContain(CANARY);
    });
  });

  it.each(TOKENS)('%s anywhere, as a value or as a key', async (kind, token) => {
    const text = tenant('acme', `\n  displayName: "by ${token}"\n  ${token}: x`);
    const labels = tenant('b').replace('name: b', `name: b, annotations: { note: ${token} }`);
    await withStack({ 'tenants/a.yaml': text, 'tenants/b.yaml': labels }, async (dir) => {
      const problems = await problemsOf(dir, loadStack);
      expect(problems.join('\n')).not.toContain(token);
      const refused = problems.filter((problem) => problem.includes(`this looks like ${kind}`));
      expect(refused.map((problem) => problem.split(': ', 1)[0])).toEqual([
        'tenants/a.yaml:5:16 spec.displayName',
        'tenants/a.yaml:6:3 spec[(hidden)]',
        'tenants/b.yaml:3:43 metadata.annotations.note',
      ]);
    });
  });

  it('takes references and ordinary words for no secret', () => {
    const ordinary = [
      'secret_scanning_alerts',
      'token',
      '${VAULT:secret/data/acme/notion:access_token}',
      '${ENV:SECRET_ABCDEFGHIJKLMNOPQRSTUVWXYZ}',
      'sk-learn',
      'a Slack workspace',
      'https://example.com/eyJ',
      'AKIA',
    ];
    expect(ordinary.filter((text) => liveSecretKind(text) !== undefined)).toEqual([]);
  });

  it('takes no name of a document for a secret, whatever it is made of', () => {
    const word = fc.stringMatching(/^[a-z]{1,12}(-[a-z]{1,12}){0,3}$/);
    fc.assert(
      fc.property(word, (name) => {
        fc.pre(!/^(?:xox|glpat|pat|sk|xapp)/.test(name) && !/-(?:xox|glpat|pat|sk)/.test(name));
        expect(liveSecretKind(name)).toBeUndefined();
      }),
    );
  });
});
