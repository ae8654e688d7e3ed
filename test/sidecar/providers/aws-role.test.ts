import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DevSts, startDevSts } from '../../../src/dev/sts/server.ts';
import { entryWith } from '../../catalog/sample.ts';
import {
  entryOf,
  errorOf,
  NOW,
  type ProviderOptions,
  provider,
  providerServer,
  type Reply,
  type Seen,
  type TestProvider,
} from './provider-server.ts';

const ARN = 'arn:aws:iam::123456789012:role/tenantry-read';
const EXTERNAL = 'tenantry:prod:acme';

let sts: DevSts;
beforeAll(async () => {
  sts = await startDevSts({ now: () => NOW, roles: [{ arn: ARN, externalId: EXTERNAL }] });
});
afterAll(() => sts.close());

async function aws(options: Partial<ProviderOptions> = {}): Promise<TestProvider> {
  const env = {
    AWS_ACCESS_KEY_ID: sts.accessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sts.accessKey.secretAccessKey,
  };
  const origins = { 'https://sts.amazonaws.com': sts.url };
  return await provider({ entry: entryOf('aws'), env, origins, ...options });
}

async function answered(answer: (seen: Seen) => Reply): Promise<TestProvider & { seen: Seen[] }> {
  const server = await providerServer(answer);
  return { ...(await aws({ origins: { 'https://sts.amazonaws.com': server.url } })), seen: server.seen };
}

async function typed(of: TestProvider, fields: Record<string, string>): Promise<unknown> {
  return await of.kind.fromForm?.(of.context, fields);
}

const stored = { secrets: {}, facts: { role_arn: ARN, external_id: EXTERNAL } };

describe('an AWS role', () => {
  it('is asked for in a form that names the external id', async () => {
    const { kind, context } = await aws();
    expect(kind.style).toBe('form');
    expect(kind.form?.(context)).toEqual([
      { name: 'role_arn', label: 'ARN of the role', secret: false, help: expect.stringContaining(EXTERNAL) },
    ]);
  });

  it('is assumed with a signed call, at a server that checks signature and external id', async () => {
    const of = await aws();
    expect(await typed(of, { role_arn: ` ${ARN}\n` })).toEqual({
      secrets: {
        access_key_id: expect.stringMatching(/^ASIA/),
        secret_access_key: expect.any(String),
        session_token: expect.any(String),
      },
      tokenType: 'AWS4-HMAC-SHA256',
      expiresAt: NOW + 3_600_000,
      scopes: undefined,
      facts: {
        role_arn: ARN,
        external_id: EXTERNAL,
        account_id: '123456789012',
        assumed_role_arn: 'arn:aws:sts::123456789012:assumed-role/tenantry-read/tenantry',
      },
    });
  });

  it('of one tenant is not assumed for another, whose external id differs', async () => {
    const of = await aws({ tenant: 'globex' });
    const error = await errorOf(typed(of, { role_arn: ARN }));
    expect(error.code).toBe('ConnectDenied');
    expect(error.hint).toContain('tenantry:prod:globex');
  });

  it('is assumed with the tenant’s external id whatever a person types in', async () => {
    const of = await aws({ tenant: 'globex' });
    const error = await errorOf(typed(of, { role_arn: ARN, external_id: EXTERNAL }));
    expect(error.code).toBe('ConnectDenied');
  });

  it('is assumed anew with the external id that it was connected with', async () => {
    const of = await aws({ facts: stored.facts, tenant: 'renamed' });
    expect(of.kind.canRenew(of.context, stored)).toBe(true);
    const tokens = await of.kind.renew(of.context, stored);
    expect(tokens.facts['external_id']).toBe(EXTERNAL);
    const used = of.kind.usable(tokens);
    expect(used.value).toBe('');
    expect(Object.keys(used.fields)).toEqual(['access_key_id', 'secret_access_key', 'session_token']);
  });

  it('that is refused at a renewal is tried again: the trust policy may be put right', async () => {
    const of = await aws({ facts: { ...stored.facts, external_id: 'tenantry:other' } });
    const error = await errorOf(of.kind.renew(of.context, stored));
    expect(error.code).toBe('ProviderRejected');
    expect(error.message).toContain('AccessDenied');
  });

  it.each([
    '',
    'tenantry-read',
    'arn:aws:iam::123456789012:user/me',
    'arn:aws:iam::12345:role/x',
    'arn:aws:sts::123456789012:assumed-role/x/y',
    `${ARN} x`,
  ])('has the form of one: "%s" is refused without a call', async (arn) => {
    const of = await answered(() => ({}));
    expect((await errorOf(typed(of, { role_arn: arn }))).code).toBe('InvalidRequest');
    expect(of.seen).toEqual([]);
  });

  it('that was never given needs a person', async () => {
    const of = await aws();
    const nothing = { secrets: {}, facts: {} };
    expect(of.kind.canRenew(of.context, nothing)).toBe(false);
    expect((await errorOf(of.kind.renew(of.context, nothing))).code).toBe('NeedsReauthorization');
    expect(await of.kind.revoke(of.context, stored)).toBe(false);
  });
});

describe('the call to STS', () => {
  const CREDENTIALS = { AccessKeyId: 'ASIA1', SecretAccessKey: 's/1+', SessionToken: 't==' };

  function json(credentials: object): Reply {
    return { body: { AssumeRoleResponse: { AssumeRoleResult: { Credentials: credentials } } } };
  }

  it('asks for JSON, for the time of the session and the external id', async () => {
    const of = await answered(() => json({ ...CREDENTIALS, Expiration: 1_893_459_600 }));
    const tokens = await of.kind.renew(of.context, stored);
    expect(tokens).toMatchObject({ expiresAt: 1_893_459_600_000, secrets: { session_token: 't==' } });
    expect(of.seen[0]).toMatchObject({
      method: 'POST',
      headers: {
        accept: 'application/json',
        'x-amz-date': '20300101T000000Z',
        authorization: expect.stringContaining('/20300101/us-east-1/sts/aws4_request'),
      },
      fields: {
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: ARN,
        RoleSessionName: 'tenantry',
        ExternalId: EXTERNAL,
        DurationSeconds: '3600',
      },
    });
  });

  it('is signed for the region of the endpoint, and with the session of our own keys', async () => {
    const server = await providerServer(() => json({ ...CREDENTIALS, Expiration: 1_893_459_600 }));
    const url = 'https://sts.eu-central-1.amazonaws.com';
    const entry = entryWith({ auth: { kind: 'aws_role', stsUrl: url }, airbyte: undefined });
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'own-session' };
    const of = await aws({ entry, env, origins: { [url]: server.url } });
    await of.kind.renew(of.context, stored);
    expect(server.seen[0]?.headers).toMatchObject({
      'x-amz-security-token': 'own-session',
      authorization: expect.stringContaining('/eu-central-1/sts/'),
    });
  });

  it.each([
    ['throttled', 400, { Error: { Code: 'Throttling' } }, 'ProviderUnavailable'],
    ['out', 503, '', 'ProviderUnavailable'],
    ['refused for our keys', 403, { Error: { Code: 'InvalidClientTokenId' } }, 'ProviderRejected'],
    ['expired', 403, { Error: { Code: 'ExpiredToken' } }, 'ProviderRejected'],
    ['a page', 200, '<html>', 'ProviderUnavailable'],
    ['empty', 200, {}, 'ProviderRejected'],
  ])('that is %s is told as what it is', async (_, status, body, code) => {
    const of = await answered(() => ({ status, body }));
    expect((await errorOf(of.kind.renew(of.context, stored))).code).toBe(code);
  });

  it.each([
    { ...CREDENTIALS },
    { ...CREDENTIALS, Expiration: 'soon' },
    { ...CREDENTIALS, Expiration: 1_893_459_600, SessionToken: '' },
    { ...CREDENTIALS, Expiration: 1_893_459_600, SecretAccessKey: 'a\nb' },
  ])('gives no session for %o', async (credentials) => {
    const of = await answered(() => json(credentials));
    expect((await errorOf(of.kind.renew(of.context, stored))).code).toBe('ProviderRejected');
  });
});
