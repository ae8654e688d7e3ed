import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../../../src/sidecar/callers/caller.ts';
import {
  type Claims,
  callerOfClaims,
  type IssuerSettings,
} from '../../../../src/sidecar/callers/jwt/claims.ts';

const ISSUER: IssuerSettings = {
  issuer: 'https://issuer.example.com',
  audience: 'tenantry',
  tenantClaim: 'tenant',
  role: 'app',
};

function callerOf(claims: Claims, settings: Partial<IssuerSettings> = {}): Caller {
  return callerOfClaims({ sub: 'user-1', ...claims }, { ...ISSUER, ...settings });
}

const REFUSED = 'the credential is not valid';

describe('the claims of a JWT', () => {
  it('give one tenant or several', () => {
    expect(callerOf({ tenant: 'acme' })).toEqual({
      kind: 'jwt',
      id: 'jwt:https://issuer.example.com#user-1',
      role: 'app',
      tenants: ['acme'],
    });
    expect(callerOf({ tenant: ['acme', 'globex'] }).tenants).toEqual(['acme', 'globex']);
    const claim = 'https://example.com/tenants';
    expect(callerOf({ [claim]: ['acme'] }, { tenantClaim: claim }).tenants).toEqual(['acme']);
  });

  it.each([
    [undefined],
    [null],
    [''],
    [[]],
    [{}],
    [7],
    ['../globex'],
    ['*'],
    ['all'.repeat(30)],
    [['acme', '']],
  ])('give nothing where the tenant is %j', (tenant) => {
    expect(() => callerOf({ tenant })).toThrow(REFUSED);
  });

  it('give the role of the settings where no claim is asked for', () => {
    expect(callerOf({ tenant: 'acme', role: 'admin', roles: ['admin'] }).role).toBe('app');
    expect(callerOf({ tenant: 'acme', role: 'admin' }, { role: 'viewer' }).role).toBe('viewer');
  });

  it('give the role of the claim, and that of the settings where the claim is missing', () => {
    const settings = { roleClaim: 'role', role: 'viewer' } as const;
    expect(callerOf({ tenant: 'acme', role: 'tenant-admin' }, settings).role).toBe('tenant-admin');
    expect(callerOf({ tenant: 'acme', role: ['app'] }, settings).role).toBe('app');
    expect(callerOf({ tenant: 'acme' }, settings).role).toBe('viewer');
  });

  it.each([['root'], ['Admin'], [''], [null], [[]], [['app', 'viewer']], [{ role: 'app' }], ['constructor']])(
    'are refused with the unknown role %j',
    (role) => {
      expect(() => callerOf({ tenant: 'acme', role }, { roleClaim: 'role' })).toThrow(REFUSED);
    },
  );

  it('make no admin of the platform out of a tenant’s admin', () => {
    const settings = { roleClaim: 'role' };
    expect(() => callerOf({ tenant: 'acme', role: 'admin' }, settings)).toThrow(REFUSED);
    expect(() => callerOf({ tenant: ['acme'], role: 'admin' }, settings)).toThrow(REFUSED);
    expect(callerOf({ role: 'admin' }, settings)).toMatchObject({ role: 'admin', tenants: 'all' });
    expect(callerOf({ tenant: 'acme' }, { role: 'admin' })).toMatchObject({ role: 'admin', tenants: 'all' });
  });

  it('need a subject that can stand in an audit', () => {
    for (const sub of [undefined, '', 7, 'a\nb', 'a\u0000b', 'x'.repeat(256)]) {
      expect(() => callerOf({ tenant: 'acme', sub })).toThrow(REFUSED);
    }
  });

  it('never reach every tenant without role admin, whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('tenant', 'role', 'tenants', '__proto__', 'x'), fc.jsonValue()),
        fc.constantFrom('tenant-admin', 'app', 'viewer'),
        fc.constantFrom(undefined, 'x'),
        (claims, role, roleClaim) => {
          let caller: Caller;
          try {
            caller = callerOf(claims, { role, ...(roleClaim && { roleClaim }) });
          } catch (error) {
            expect((error as Error).name).toBe('Unauthenticated');
            return;
          }
          if (roleClaim === undefined) expect(caller.role).toBe(role);
          expect(caller.tenants === 'all').toBe(caller.role === 'admin');
        },
      ),
    );
  });
});
