import { describe, expect, it } from 'vitest';
import { type Credential, credentialOf, MOST_TOKEN_BYTES } from '../../../src/sidecar/callers/credential.ts';
import { incomingWith } from './incoming.ts';

const of = (...rawHeaders: string[]): Credential | undefined =>
  credentialOf(incomingWith({ rawHeaders }), '__Host-tenantry_session');

describe('the credential of a request', () => {
  it('is a Bearer token or the session’s cookie', () => {
    expect(of('Authorization', 'Bearer abc.def-_~+/==')).toEqual({
      from: 'authorization',
      token: 'abc.def-_~+/==',
    });
    expect(of('AUTHORIZATION', 'bearer  abc ')).toEqual({ from: 'authorization', token: 'abc' });
    expect(of('Cookie', 'a=b; __Host-tenantry_session=xyz; c=d')).toEqual({ from: 'cookie', token: 'xyz' });
    expect(of('Cookie', 'a=b; tenantry_session=xyz')).toBeUndefined();
    expect(of('X-Api-Key', 'tny_x')).toBeUndefined();
  });

  it.each([['Basic dXNlcjpwYXNz'], ['Bearer'], ['Bearer '], ['Bearer a b'], ['Bearer a,b'], [''], ['abc']])(
    'that reads "%s" is refused, and not taken for none',
    (value) => {
      expect(() => of('Authorization', value)).toThrow('the credential is not valid');
    },
  );

  it('that comes twice is refused', () => {
    const twice = 'more than one credential';
    expect(() => of('Authorization', 'Bearer a', 'authorization', 'Bearer a')).toThrow(twice);
    expect(() => of('Authorization', 'Bearer a', 'Cookie', '__Host-tenantry_session=b')).toThrow(twice);
    expect(() => of('Cookie', '__Host-tenantry_session=a; __Host-tenantry_session=b')).toThrow(twice);
    expect(() => of('Cookie', '__Host-tenantry_session=a', 'Cookie', '__Host-tenantry_session=b')).toThrow(
      twice,
    );
  });

  it('that is longer than 16 KiB is refused', () => {
    expect(of('Authorization', `Bearer ${'a'.repeat(MOST_TOKEN_BYTES - 7)}`)).toBeDefined();
    expect(() => of('Authorization', `Bearer ${'a'.repeat(MOST_TOKEN_BYTES)}`)).toThrow('not valid');
    expect(() => of('Cookie', `__Host-tenantry_session=${'a'.repeat(MOST_TOKEN_BYTES + 1)}`)).toThrow(
      'not valid',
    );
  });
});
