import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/dev/environment.ts';
import { sandboxVariables, withoutSandbox } from '../../src/dev/sandbox.ts';
import type { Documents } from '../../src/spec/documents.ts';
import { integrationDocument } from '../../src/spec/integration.ts';

const document = integrationDocument.parse({
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'TenantIntegration',
  metadata: { name: 'acme-slack' },
  spec: {
    tenant: 'acme',
    integration: 'slack',
    app: { clientId: '${ENV:ACME_ID}', clientSecret: '${ENV:ACME_SECRET}' },
  },
});

/** A `tenantry dev` whose identity provider gives this secret to every app. */
function start(clientSecret: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const idp = {
    clients: { slack: {} },
    registerClient: (_: string, { clientId }: { clientId: string }) => ({ clientId, clientSecret }),
  };
  return sandboxVariables(
    { integrations: [document] } as unknown as Documents,
    new Map(),
    { idp } as unknown as Environment,
    { env: withoutSandbox(env), redirectUri: () => 'http://127.0.0.1:7250/oauth/callback/slack' },
  );
}

describe('apps of the sandbox', () => {
  it('are made anew in a shell that has read the file of an earlier tenantry dev', () => {
    const first = start('first', {});
    expect(first['ACME_SECRET']).toBe('first');
    expect(start('second', { HOME: '/home', ...first })['ACME_SECRET']).toBe('second');
  });

  it('never take the place of what somebody has set', () => {
    expect(start('made', { ACME_ID: 'mine', ACME_SECRET: 'own' })).toEqual({});
  });
});
