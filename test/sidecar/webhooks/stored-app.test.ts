/** Webhooks of a tenant that has stored an app of its own: signed by that app, for that tenant. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storeApp } from '../../../src/sidecar/providers/stored-app.ts';
import { github } from './signing.ts';
import { startWebhookWorld, type WebhookWorld } from './world.ts';

let world: WebhookWorld;
beforeAll(async () => {
  world = await startWebhookWorld();
});
afterAll(() => world?.close());

const OWN = 'signing-secret-of-acme-alone';

async function send(account: number, id: string, key?: string): Promise<[number, string[]]> {
  const payload = { action: 'opened', installation: { id: account } };
  const delivery = github(payload, { id, ...(key !== undefined && { key }) });
  const { status } = await world.post('/webhooks/github', delivery);
  const rows = await world.rows<{ tenant: string }>('select tenant from tenantry.webhook_events');
  await world.rows('delete from tenantry.webhook_events');
  return [status, rows.map(({ tenant }) => tenant)];
}

it('signs for that tenant alone, and the shared app no longer does', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const app = {
    clientId: 'Iv1.acme',
    clientSecret: 'client-secret-of-acme-alone',
    appId: '12345',
    slug: 'acme-sync',
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    webhookSecret: OWN,
  };
  // The first of the documents: whoever asks for the shared app must not be given this one.
  const place = { tenant: 'acme', integration: 'github' };
  await storeApp(world.context, place, { app, since: new Date(0).toISOString(), by: 'test' });
  await world.install({ ...place, account: '101' });
  await world.install({ tenant: 'globex', integration: 'github', account: '202' });
  expect(await send(101, 'own', OWN)).toEqual([200, ['acme']]);
  expect(await send(202, 'shared')).toEqual([200, ['globex']]);
  expect(await send(202, 'forged', OWN)).toEqual([401, []]);
  expect(await send(101, 'not-ours')).toEqual([200, []]);
});
