import { describe, expect, it } from 'vitest';
import { entryWith } from '../../catalog/sample.ts';
import { errorOf, provider, type TestProvider } from './provider-server.ts';

function entry(kind: 'api_key' | 'basic'): Promise<TestProvider> {
  return provider({ entry: entryWith({ auth: { kind, label: 'Acme login' }, airbyte: undefined }), env: {} });
}

async function typed(of: TestProvider, fields: Record<string, string>): Promise<unknown> {
  return await of.kind.fromForm?.(of.context, fields);
}

describe('an API key', () => {
  it('is asked for in a form, and needs no app', async () => {
    const { kind, context } = await entry('api_key');
    expect(kind.style).toBe('form');
    expect(kind.form?.(context)).toEqual([{ name: 'access_token', label: 'Acme login', secret: true }]);
  });

  it('is taken without the white space around it, and does not end by the clock', async () => {
    const of = await entry('api_key');
    expect(await typed(of, { access_token: '  key-123456\n' })).toEqual({
      secrets: { access_token: 'key-123456' },
      tokenType: 'Bearer',
      expiresAt: undefined,
      scopes: undefined,
      facts: {},
    });
    expect(of.redactor.redact('key-123456')).toBe('[redacted]');
  });

  const REFUSED: Record<string, string>[] = [
    {},
    { access_token: ' ' },
    { access_token: 'a\r\nb' },
    { access_token: 'schlüssel' },
    { other: 'x' },
  ];

  it.each(REFUSED)('is refused as %o, without repeating it', async (fields) => {
    const error = await errorOf(typed(await entry('api_key'), fields));
    expect(error.code).toBe('InvalidRequest');
    expect(error.message).not.toContain('schlüssel');
  });

  it('can be given anew by a person only', async () => {
    const { kind, context } = await entry('api_key');
    const stored = { secrets: { access_token: 'k' }, facts: {} };
    expect(kind.canRenew(context, stored)).toBe(false);
    expect((await errorOf(kind.renew(context, stored))).code).toBe('NeedsReauthorization');
    expect(await kind.revoke(context, stored)).toBe(false);
  });

  it('is found under the names that people write by hand', async () => {
    const { kind } = await entry('api_key');
    expect(kind.usable({ secrets: { api_key: 'k' }, facts: {} }).value).toBe('k');
    expect(kind.usable({ secrets: { api_token: 't' }, facts: {} }).value).toBe('t');
  });
});

describe('a user name and password', () => {
  it('are asked for in a form', async () => {
    const { kind, context } = await entry('basic');
    expect(kind.form?.(context)).toEqual([
      { name: 'username', label: 'Acme login: user name', secret: false },
      { name: 'password', label: 'Acme login: password', secret: true },
    ]);
  });

  it('are used as base64 of UTF-8 (RFC 7617)', async () => {
    const of = await entry('basic');
    const tokens = await of.kind.fromForm?.(of.context, { username: 'ann', password: 'pä:ß word' });
    const used = of.kind.usable({ secrets: tokens?.secrets ?? {}, facts: {} });
    expect(Buffer.from(used.value, 'base64').toString('utf8')).toBe('ann:pä:ß word');
    expect(used.fields).toEqual({ username: 'ann', password: 'pä:ß word' });
  });

  it('are found when the user name was stored as a fact', async () => {
    const { kind } = await entry('basic');
    const used = kind.usable({ secrets: { password: 'p' }, facts: { username: 'ann' } });
    expect(Buffer.from(used.value, 'base64').toString()).toBe('ann:p');
  });

  const WRONG: Record<string, string>[] = [
    { username: 'a:b', password: 'p' },
    { username: '', password: 'p' },
    { username: 'a' },
    { username: 'a', password: 'p\u0000' },
  ];

  it.each(WRONG)('are refused as %o', async (fields) => {
    const error = await errorOf(typed(await entry('basic'), fields));
    expect(error.code).toBe('InvalidRequest');
  });
});
