import { AwsV4Signer } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DevSts, startDevSts } from '../../../src/dev/sts/server.ts';
import { type SignedRequest, verifySignature } from '../../../src/dev/sts/signature.ts';

const ROLE = 'arn:aws:iam::123456789012:role/tenantry-read';

let ahead = 0;
let sts: DevSts;
beforeAll(async () => {
  sts = await startDevSts({
    roles: [{ arn: ROLE, externalId: 'id-of-acme' }],
    now: () => Date.now() + ahead,
  });
});
afterAll(() => sts.close());

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface CallOptions {
  readonly keys?: Keys;
  readonly service?: string;
  readonly datetime?: string;
  readonly method?: 'GET' | 'POST';
  /** Changes the signed request on its way. */
  readonly tamper?: (request: { headers: Headers; body: string }) => void;
}

const stamp = (time: number): string => new Date(time).toISOString().replace(/[:-]|\.\d{3}/g, '');

async function call(
  fields: Record<string, string>,
  options: CallOptions = {},
): Promise<{ status: number; xml: string }> {
  const { keys = sts.accessKey, service = 'sts', method = 'POST', tamper } = options;
  const query = new URLSearchParams({ Version: '2011-06-15', ...fields }).toString();
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const post = method === 'POST';
  const signer = new AwsV4Signer({
    method,
    url: post ? `${sts.url}/` : `${sts.url}/?${query}`,
    headers: post ? form : {},
    ...(post ? { body: query } : {}),
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
    service,
    region: 'us-east-1',
    datetime: options.datetime ?? stamp(Date.now() + ahead),
  });
  const { url, headers } = await signer.sign();
  const request = { headers, body: query };
  tamper?.(request);
  const response = await fetch(url, { method, headers, ...(post ? { body: request.body } : {}) });
  return { status: response.status, xml: await response.text() };
}

const assume = (
  more: Record<string, string> = {},
  options?: CallOptions,
): Promise<{ status: number; xml: string }> =>
  call(
    {
      Action: 'AssumeRole',
      RoleArn: ROLE,
      RoleSessionName: 'acme',
      ExternalId: 'id-of-acme',
      ...more,
    },
    options,
  );

const field = (xml: string, name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(xml)?.[1] ?? '';
const sessionOf = (xml: string): Required<Keys> => ({
  accessKeyId: field(xml, 'AccessKeyId'),
  secretAccessKey: field(xml, 'SecretAccessKey'),
  sessionToken: field(xml, 'SessionToken'),
});

describe('AssumeRole', () => {
  it('gives credentials that say who they are until they end', async () => {
    const { status, xml } = await assume({ DurationSeconds: '900' });
    expect(status).toBe(200);
    expect(field(xml, 'AccessKeyId')).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(Date.parse(field(xml, 'Expiration')) - Date.now()).toBeGreaterThan(890_000);
    const keys = sessionOf(xml);
    const identity = await call({ Action: 'GetCallerIdentity' }, { keys });
    expect(field(identity.xml, 'Arn')).toBe('arn:aws:sts::123456789012:assumed-role/tenantry-read/acme');
    const { sessionToken: _, ...bare } = keys;
    expect(field((await call({ Action: 'GetCallerIdentity' }, { keys: bare })).xml, 'Code')).toBe(
      'InvalidClientTokenId',
    );
    ahead += 901_000;
    expect(field((await call({ Action: 'GetCallerIdentity' }, { keys })).xml, 'Code')).toBe('ExpiredToken');
  });

  it('takes the query of a GET as well', async () => {
    expect((await assume({}, { method: 'GET' })).status).toBe(200);
  });

  it.each([
    ['another external id', { ExternalId: 'id-of-globex' }],
    ['an unknown role', { RoleArn: 'arn:aws:iam::123456789012:role/other' }],
  ])('is denied with %s', async (_what, more) => {
    const { status, xml } = await assume(more);
    expect([status, field(xml, 'Code')]).toEqual([403, 'AccessDenied']);
    expect(xml).not.toContain('id-of-acme');
  });

  it('is denied without an external id and to others than the role trusts', async () => {
    const fields = { Action: 'AssumeRole', RoleArn: ROLE, RoleSessionName: 'acme' };
    expect(field((await call(fields)).xml, 'Code')).toBe('AccessDenied');
    const arn = 'arn:aws:iam::123456789012:role/closed';
    sts.addRole({ arn, trusts: 'arn:aws:iam::1:user/other' });
    expect(field((await assume({ RoleArn: arn })).xml, 'Code')).toBe('AccessDenied');
    sts.addRole({ arn, trusts: sts.accessKey.arn });
    expect((await assume({ RoleArn: arn })).status).toBe(200);
    sts.removeRole(arn);
    expect((await assume({ RoleArn: arn })).status).toBe(403);
  });

  it.each([
    { DurationSeconds: '899' },
    { DurationSeconds: '7200' },
    { RoleSessionName: 'with space' },
    { RoleArn: 'nonsense' },
  ])('refuses %o', async (more) => {
    const { status, xml } = await assume(more as Record<string, string>);
    expect([status, field(xml, 'Code')]).toEqual([400, 'ValidationError']);
  });

  it('escapes what it repeats', async () => {
    const { xml } = await assume({ RoleArn: 'arn:aws:iam::123456789012:role/<b>&' });
    expect(xml).not.toContain('<b>');
  });

  it('refuses other actions and versions', async () => {
    expect(field((await call({ Action: 'GetFederationToken' })).xml, 'Code')).toBe('InvalidAction');
    expect(field((await assume({ Version: '2010-01-01' })).xml, 'Code')).toBe('InvalidAction');
  });

  it('counts and fails on demand', async () => {
    sts.faults.reset();
    sts.faults.failNext(1, 503);
    expect((await assume()).status).toBe(503);
    expect((await assume()).status).toBe(200);
    expect(sts.faults.calls('AssumeRole')).toBe(2);
  });
});

describe('a signature', () => {
  const wrong: [string, () => CallOptions, string][] = [
    [
      'of another secret',
      () => ({ keys: { ...sts.accessKey, secretAccessKey: 'x' } }),
      'SignatureDoesNotMatch',
    ],
    [
      'of an unknown key',
      () => ({ keys: { ...sts.accessKey, accessKeyId: 'AKIAX' } }),
      'InvalidClientTokenId',
    ],
    ['for another service', () => ({ service: 's3' }), 'SignatureDoesNotMatch'],
    ['of 16 minutes ago', () => ({ datetime: stamp(Date.now() + ahead - 960_000) }), 'SignatureDoesNotMatch'],
    [
      'of 16 minutes ahead',
      () => ({ datetime: stamp(Date.now() + ahead + 960_000) }),
      'SignatureDoesNotMatch',
    ],
  ];
  it.each(wrong)('%s is refused', async (_what, options, code) => {
    expect(field((await assume({}, options())).xml, 'Code')).toBe(code);
  });

  it('does not cover a changed body, a new header of AWS, or nothing', async () => {
    const codes: string[] = [];
    const tampers: NonNullable<CallOptions['tamper']>[] = [
      (request) => {
        request.body = request.body.replace('acme', 'evil');
      },
      ({ headers }) => headers.set('x-amz-extra', '1'),
      ({ headers }) => headers.set('authorization', 'AWS4-HMAC-SHA256 nonsense'),
      ({ headers }) => headers.delete('authorization'),
    ];
    for (const tamper of tampers) codes.push(field((await assume({}, { tamper })).xml, 'Code'));
    expect(codes).toEqual([
      'SignatureDoesNotMatch',
      'SignatureDoesNotMatch',
      'IncompleteSignature',
      'MissingAuthenticationToken',
    ]);
  });

  it('of AWS’ own test suite is accepted (get-vanilla-query-order-key-case)', () => {
    const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
    const signature = 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500';
    const request: SignedRequest = {
      method: 'GET',
      url: '/?Param2=value2&Param1=value1',
      headers: {
        host: 'example.amazonaws.com',
        'x-amz-date': '20150830T123600Z',
        authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
      },
      body: '',
    };
    const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey, arn: 'a' };
    const options = {
      find: () => key,
      service: 'service',
      now: () => Date.UTC(2015, 7, 30, 12, 36),
    };
    expect(verifySignature(request, options)).toBe(key);
    const other = { ...request, url: '/?Param2=value2&Param1=value2' };
    expect(verifySignature(other, options)).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });
});
