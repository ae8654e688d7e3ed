import { describe, expect, it } from 'vitest';
import { type CallerSettings, resolveCallers } from '../../../src/sidecar/callers/settings.ts';
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
