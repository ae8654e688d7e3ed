import { describe, expect, it } from 'vitest';
import { TenantryError } from '../../src/errors.ts';
import type { SidecarContext } from '../../src/sidecar/context.ts';
import { warnAtStart } from '../../src/sidecar/start-warnings.ts';
import { sidecarSettingsOf, testContext } from '../support/sidecar-context.ts';

async function linesOf(parts: {
  readonly read?: () => Promise<unknown>;
  readonly settings?: SidecarContext['settings'];
}): Promise<string> {
  const context = testContext({
    vault: { read: parts.read ?? (async () => ({})) } as unknown as SidecarContext['vault'],
    settings: parts.settings ?? sidecarSettingsOf(),
  });
  await warnAtStart(context, AbortSignal.timeout(5_000));
  return context.lines.join('');
}

const failing = (code: 'VaultUnauthorized' | 'VaultUnreachable') => async (): Promise<never> => {
  throw new TenantryError(code, 'no');
};

describe('the log at start', () => {
  it('is silent where nothing is wrong', async () => {
    expect(await linesOf({})).toBe('');
  });

  it('tells a login that Vault refuses', async () => {
    expect(await linesOf({ read: failing('VaultUnauthorized') })).toContain('Vault refuses the login');
  });

  it('tells nothing of a Vault that is away, which /ready does', async () => {
    expect(await linesOf({ read: failing('VaultUnreachable') })).toBe('');
  });

  it('tells that a sidecar without tenants takes nobody without a credential', async () => {
    const alone = sidecarSettingsOf({}, { posture: 'sidecar' });
    expect(await linesOf({ settings: alone })).toContain('without --tenant');
    const withTenant = sidecarSettingsOf({}, { posture: 'sidecar', loopbackTenants: ['acme'] });
    expect(await linesOf({ settings: withTenant })).toBe('');
  });
});
