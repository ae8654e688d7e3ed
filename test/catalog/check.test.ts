import { describe, expect, it } from 'vitest';
import { checkEntry } from '../../src/catalog/check.ts';
import type { CatalogEntry } from '../../src/catalog/entry.ts';
import { airbyteWith, authWith, entryWith } from './sample.ts';

/** The mistakes of an entry, one line each. */
function mistakes(entry: CatalogEntry): string[] {
  return checkEntry(entry).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const CONFIG = {
  host: { type: 'string', required: true, description: 'Host.' },
};

function withConfiguration(configuration: Record<string, unknown>): CatalogEntry {
  return entryWith({ airbyte: airbyteWith({ config: CONFIG, configuration }) });
}

const TOKEN = '{{credential.access_token}}';
const HOST = '{{config.host}}';

describe('checkEntry', () => {
  it('finds nothing wrong with a right entry', () => {
    expect(mistakes(entryWith())).toEqual([]);
  });

  it('wants placeholders to name settings that there are', () => {
    const entry = withConfiguration({ token: TOKEN, host: HOST, deep: [{ a: '{{config.hots}}' }] });
    expect(mistakes(entry)).toEqual([
      'airbyte.configuration.deep.0.a: no setting "hots"; did you mean "host"?',
    ]);
  });

  it.each([
    'https://{{config.host}}',
    '{{config.host}}/x',
    '{{ config.host }',
    '{{app.id}}',
    '{{secret.token}}',
    'Bearer {{app.client_secret}}',
  ])('refuses the malformed placeholder %s', (text) => {
    const found = mistakes(withConfiguration({ token: TOKEN, host: HOST, bad: text }));
    expect(found).toEqual([expect.stringMatching(/^airbyte\.configuration\.bad: .* must be exactly one of/)]);
  });

  it('takes text before a credential, and only there', () => {
    expect(mistakes(withConfiguration({ token: `Bearer ${TOKEN}`, host: HOST }))).toEqual([]);
  });

  it('wants every setting to be used', () => {
    expect(mistakes(withConfiguration({ token: TOKEN }))).toEqual([
      'airbyte.config.host: is not used in airbyte.configuration or a URL',
    ]);
  });

  it('counts a setting as used that stands in a URL', () => {
    const entry = entryWith({
      airbyte: airbyteWith({ config: CONFIG, configuration: { token: TOKEN } }),
      proxy: { baseUrl: 'https://{host}/api' },
    });
    expect(mistakes(entry)).toEqual([]);
  });

  it('wants placeholders of URLs to be facts or settings', () => {
    const auth = authWith({ tokenUrl: 'https://acme.example/{accountid}/token' });
    expect(mistakes(entryWith({ auth }))).toEqual([
      'auth.tokenUrl: no fact or setting "accountid"; did you mean "account_id"?',
    ]);
  });

  it('lets nothing that comes with the redirect be the whole host of a URL', () => {
    const callbackFacts = { shop: 'shop' };
    const auth = authWith({ tokenUrl: 'https://{shop}/token', callbackFacts });
    expect(mistakes(entryWith({ auth }))).toEqual([
      'auth.tokenUrl: "shop" comes with the redirect and must not be the whole host',
    ]);
    const label = authWith({ tokenUrl: 'https://{shop}.acme.example/token', callbackFacts });
    expect(mistakes(entryWith({ auth: label }))).toEqual([]);
  });

  it('never hands a rotating refresh token to Airbyte, whoever is named as its owner', () => {
    const auth = authWith({ refresh: { issued: 'always', rotates: true } });
    const configuration = { refresh: '{{credential.refresh_token}}', host: HOST };
    for (const credentialOwner of ['airbyte', 'tenantry']) {
      const airbyte = airbyteWith({ credentialOwner, config: CONFIG, configuration });
      const found = mistakes(entryWith({ auth, airbyte }));
      expect(found).toContainEqual(
        expect.stringMatching(/^airbyte\.configuration\.refresh: the refresh token rotates/),
      );
    }
    const airbyte = airbyteWith({
      credentialOwner: 'airbyte',
      config: CONFIG,
      configuration: { host: HOST },
    });
    expect(mistakes(entryWith({ auth, airbyte }))).toEqual([
      expect.stringMatching(/^airbyte\.credentialOwner: the refresh token rotates/),
    ]);
  });

  it.each([
    ['airbyte', { token: TOKEN }, 'airbyte refreshes only what it holds'],
    ['tenantry', { token: '{{credential.refresh_token}}' }, 'must be airbyte'],
    ['tenantry', {}, 'must be static'],
    ['static', { token: TOKEN }, 'static means'],
  ])('refuses the credential owner %s for %o', (credentialOwner, configuration, message) => {
    const airbyte = airbyteWith({
      credentialOwner,
      config: CONFIG,
      configuration: { ...configuration, host: HOST },
    });
    const found = mistakes(entryWith({ airbyte }));
    expect(found).toEqual([expect.stringContaining(`airbyte.credentialOwner: ${message}`)]);
  });

  it('knows which kinds of auth yield what', () => {
    const auth = { kind: 'aws_role', stsUrl: 'https://sts.amazonaws.com' };
    const configuration = { token: TOKEN, id: '{{app.client_id}}', host: HOST };
    const entry = entryWith({ auth, airbyte: airbyteWith({ config: CONFIG, configuration }) });
    expect(mistakes(entry)).toEqual([
      'airbyte.configuration.token: auth kind aws_role yields no credential that Airbyte could use',
      'airbyte.configuration.id: auth kind aws_role has no client id and secret',
    ]);
    const basic = entryWith({
      auth: { kind: 'basic', label: 'Login' },
      airbyte: airbyteWith({
        config: CONFIG,
        configuration: { pass: '{{credential.passwort}}', host: HOST },
      }),
    });
    expect(mistakes(basic)).toEqual([
      'airbyte.configuration.pass: no credential field "passwort"; did you mean "password"?',
    ]);
  });

  it.each(['api_token', 'client_secret', 'password', 'privateKey_api_key'])(
    'wants the setting %s to be marked as a secret',
    (name) => {
      const config = { [name]: { type: 'string', description: 'It.' } };
      const configuration = { token: TOKEN, it: `{{config.${name}}}` };
      const entry = entryWith({ airbyte: airbyteWith({ config, configuration }) });
      expect(mistakes(entry)).toEqual([`airbyte.config.${name}: is named like a secret: set secret: true`]);
    },
  );

  it('refuses a secret that stands in the entry itself, without repeating it', () => {
    const config = {
      key: { type: 'string', secret: true, default: 'hunter2', example: 'hunter3', description: 'It.' },
    };
    const entry = entryWith({
      airbyte: airbyteWith({ config, configuration: { token: TOKEN, key: '{{config.key}}' } }),
    });
    const found = mistakes(entry);
    expect(found).toHaveLength(2);
    expect(found.join()).not.toContain('hunter');
  });

  it('wants defaults and examples that the setting itself would accept', () => {
    const config = {
      host: { type: 'string', pattern: '^[a-z]+$', default: 'A', example: 7, description: 'Host.' },
      bad: { type: 'string', pattern: '[', description: 'It.' },
    };
    const configuration = { token: TOKEN, host: HOST, bad: '{{config.bad}}' };
    expect(mistakes(entryWith({ airbyte: airbyteWith({ config, configuration }) }))).toEqual([
      'airbyte.config.host.default: must match ^[a-z]+$',
      'airbyte.config.host.example: must be a string, not an integer',
      'airbyte.config.bad.pattern: is not a regular expression',
    ]);
  });

  it('leaves sourceType to the renderer', () => {
    const entry = withConfiguration({ token: TOKEN, host: HOST, sourceType: 'x' });
    expect(mistakes(entry)).toEqual([
      'airbyte.configuration.sourceType: is set from airbyte.sourceType; leave it out',
    ]);
  });

  it('finds webhooks whose signature could not be checked', () => {
    const webhook = {
      scheme: 'hmac-sha256',
      signatureHeader: 'X-Signature',
      signaturePattern: 'v1=',
      payload: '{timestamp}',
      route: { fact: 'acount_id' },
    };
    expect(mistakes(entryWith({ webhook }))).toEqual([
      'webhook.signaturePattern: must contain {signature}',
      expect.stringContaining('webhook.payload: signs {timestamp}'),
      'webhook.payload: must contain {body}',
      'webhook.route: must have either a field or a header',
      'webhook.route.fact: no fact "acount_id"; did you mean "account_id"?',
    ]);
  });

  it('finds events of webhooks that could not be told or used', () => {
    const webhook = {
      scheme: 'hmac-sha256',
      signatureHeader: 'X-Signature',
      lifecycle: [{ type: 'created', does: 'code' }],
    };
    expect(mistakes(entryWith({ webhook }))).toEqual([
      'webhook.lifecycle.0: webhook.type must say where the kind of event stands',
      'webhook.lifecycle.0: needs field: where the code stands',
    ]);
    expect(mistakes(entryWith({ webhook: { ...webhook, type: {}, lifecycle: [] } }))).toEqual([
      'webhook.type: must have a field or a header',
    ]);
  });
});
