import { describe, expect, it } from 'vitest';
import {
  type CallerSettings,
  type OidcSettings,
  resolveCallers,
  resolveOidc,
} from '../../../src/sidecar/callers/settings.ts';
import { sidecar } from '../../../src/spec/sidecar.ts';

function callers(spec: object): CallerSettings {
  return sidecar.parse({ callers: spec }).callers;
}

describe('the settings of callers', () => {
  it('take addresses from the environment', () => {
    const spec = callers({
      jwt: [{ issuer: '${ENV:ISSUER}', audience: 'a', jwksUrl: '${ENV:KEYS}' }],
      kubernetes: { apiServer: '${ENV:API}', serviceAccounts: [{ namespace: 'acme' }] },
    });
    const env = {
      ISSUER: 'https://i.example.com',
      KEYS: 'https://k.example.com',
      API: 'https://a.example.com',
    };
    const resolved = resolveCallers(spec, env);
    expect(resolved.jwt[0]).toMatchObject({ issuer: env.ISSUER, jwksUrl: env.KEYS });
    expect(resolved.kubernetes?.apiServer).toBe(env.API);
    expect(() => resolveCallers(spec, { ...env, ISSUER: '' })).toThrow(
      'spec.sidecar.callers.jwt[0].issuer: ISSUER must be set to a URL',
    );
  });

  it('take the API server of the pod where none is named', () => {
    const spec = callers({ kubernetes: { serviceAccounts: [{ namespace: 'acme' }] } });
    const of = (host: string): string | undefined =>
      resolveCallers(spec, { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: '6443' }).kubernetes
        ?.apiServer;
    expect(of('10.0.0.1')).toBe('https://10.0.0.1:6443');
    expect(of('fd00::1')).toBe('https://[fd00::1]:6443');
    expect(resolveCallers(spec, {}).kubernetes?.apiServer).toBeUndefined();
  });
});

describe('the settings of sign-in by OpenID Connect', () => {
  const oidc = (spec: object): OidcSettings =>
    sidecar.parse({ oidc: spec }).oidc ?? expect.fail('it was given');

  it('let nobody do more than look, where no claim says more', () => {
    const found = oidc({ issuer: 'https://i.example.com', clientId: 'web' });
    expect(found).toMatchObject({ role: 'viewer', tenantClaim: 'tenant', name: 'single sign-on' });
    expect(found.roleClaim).toBeUndefined();
  });

  it('take issuer and client from the environment', () => {
    const spec = oidc({ issuer: '${ENV:ISSUER}', clientId: '${ENV:CLIENT}' });
    const env = { ISSUER: 'https://i.example.com', CLIENT: 'web' };
    expect(resolveOidc(spec, env)).toMatchObject({ issuer: env.ISSUER, clientId: 'web' });
    expect(() => resolveOidc(spec, { ...env, CLIENT: '' })).toThrow('spec.sidecar.oidc.clientId');
    expect(() => resolveOidc(spec, { ...env, ISSUER: 'no url' })).toThrow('spec.sidecar.oidc.issuer');
  });

  it('hold no secret in clear', () => {
    const spec = { issuer: 'https://i.example.com', clientId: 'web', clientSecret: 'in-clear' };
    expect(sidecar.safeParse({ oidc: spec }).success).toBe(false);
    expect(sidecar.safeParse({ oidc: { ...spec, clientSecret: '${ENV:OIDC_SECRET}' } }).success).toBe(true);
  });
});
