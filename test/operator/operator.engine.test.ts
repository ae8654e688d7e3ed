import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  conditionOf,
  type OperatorWorld,
  type RunningOperator,
  startOperatorWorld,
} from '../support/operator-world.ts';
import { sql } from '../support/sql.ts';

let world: OperatorWorld;
let operator: RunningOperator;
beforeAll(async () => {
  world = await startOperatorWorld();
  operator = world.start();
});
afterAll(() => world?.close());

describe('the operator', () => {
  it('makes a Tenant and its integration, waits for the credential, and goes on when it comes', async () => {
    await world.tenant('acme');
    await world.integration('acme', 'notion');
    await world.until('Tenant', 'acme', 'True');
    const waiting = await world.until('TenantIntegration', 'acme-notion', /WaitingForCredential/);
    expect(conditionOf(waiting, 'CredentialReady')).toMatchObject({ status: 'False' });
    await world.connect('acme', 'notion');
    await world.integration(
      'acme',
      'notion',
      {},
      { annotations: { 'tenantry.dev/reconcile-requested-at': 'now' } },
    );
    const ready = await world.until('TenantIntegration', 'acme-notion', 'True', 5_000);
    expect(ready.status).toMatchObject({ lastHandledReconcileAt: 'now', claim: 'operator:test' });
    expect(operator.log.filter((line) => line['level'] === 'error')).toEqual([]);
  });

  it('removes what an object stood for before it lets the object go, integrations first', async () => {
    await world.tenant('globex', { deletionPolicy: 'Delete' });
    await world.integration('globex', 'notion');
    await world.until('Tenant', 'globex', 'True');
    await world.until('TenantIntegration', 'globex-notion', /WaitingForCredential/);
    await world.remove('Tenant', 'globex');
    await world.until('Tenant', 'globex', /IntegrationsRemain/);
    await world.remove('TenantIntegration', 'globex-notion');
    await world.untilGone('TenantIntegration', 'globex-notion');
    await world.untilGone('Tenant', 'globex');
    const text = "select 1 from pg_namespace where nspname = 'tenant_globex'";
    expect(await sql(world.systems, text)).toEqual([]);
  });
});
