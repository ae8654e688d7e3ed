import type { LookupFunction } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkEndpointUrl } from '../../../src/sidecar/webhooks/endpoint-url.ts';
import { sidecarSettingsOf } from '../../support/sidecar-context.ts';
import { startReceiver, type TestReceiver } from './receiver.ts';
import { github } from './signing.ts';
import { clearWebhooks, startWebhookWorld, type WebhookWorld } from './world.ts';

const PRODUCTION = sidecarSettingsOf({}, { publicUrl: 'https://connect.example.com' });
const DEVELOPMENT = sidecarSettingsOf({}, { publicUrl: 'http://127.0.0.1:7250' });

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['93.184.215.14'],
  'private.example': ['10.0.0.7'],
  'mixed.example': ['93.184.215.14', '127.0.0.1'],
  'metadata.example': ['169.254.169.254'],
  'six.example': ['::ffff:127.0.0.1'],
};

const resolve = async (host: string) => {
  const addresses = NAMES[host];
  if (addresses === undefined) throw new Error('ENOTFOUND');
  return addresses.map((address) => ({ address }));
};

describe('the address of an endpoint', () => {
  it.each(['https://public.example/hook?x=1', 'https://93.184.215.14:8443/', 'https://not-yet.example/'])(
    'may be %s',
    async (url) => {
      expect((await checkEndpointUrl(url, PRODUCTION, resolve)).href).toBe(url);
    },
  );

  it.each([
    ['http://public.example/', 'InvalidRequest'],
    ['http://127.0.0.1/', 'InvalidRequest'],
    ['ftp://public.example/', 'InvalidRequest'],
    ['javascript:alert(1)', 'InvalidRequest'],
    ['public.example', 'InvalidRequest'],
    ['https://user:pass@public.example/', 'InvalidRequest'],
    ['https://public.example/#x', 'InvalidRequest'],
    ['https://127.0.0.1/', 'AddressNotAllowed'],
    ['https://2130706433/', 'AddressNotAllowed'],
    ['https://0x7f.1/', 'AddressNotAllowed'],
    ['https://0177.0.0.1/', 'AddressNotAllowed'],
    ['https://0.0.0.0/', 'AddressNotAllowed'],
    ['https://[::1]/', 'AddressNotAllowed'],
    ['https://[::ffff:169.254.169.254]/', 'AddressNotAllowed'],
    ['https://169.254.169.254/latest', 'AddressNotAllowed'],
    ['https://private.example/', 'AddressNotAllowed'],
    ['https://mixed.example/', 'AddressNotAllowed'],
    ['https://metadata.example/', 'AddressNotAllowed'],
    ['https://six.example/', 'AddressNotAllowed'],
  ])('may not be %s', async (url, code) => {
    await expect(checkEndpointUrl(url, PRODUCTION, resolve)).rejects.toMatchObject({ code });
  });

  it('may be http on loopback where the sidecar itself is on loopback, and only there', async () => {
    expect((await checkEndpointUrl('http://127.0.0.1:3000/hook', DEVELOPMENT, resolve)).port).toBe('3000');
    for (const url of ['http://10.0.0.7/', 'http://private.example/', 'http://0.0.0.0/']) {
      await expect(checkEndpointUrl(url, DEVELOPMENT, resolve)).rejects.toMatchObject({
        code: 'InvalidRequest',
      });
    }
  });
});

describe('the connection to an endpoint', () => {
  let world: WebhookWorld;
  let inside: TestReceiver;
  /** Where names lead at the moment of connecting. */
  const lookup: LookupFunction = (_host, options, callback) =>
    options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

  beforeAll(async () => {
    inside = await startReceiver();
    world = await startWebhookWorld({ publicUrl: 'https://connect.example.com', lookup });
  });
  beforeEach(() => clearWebhooks(world));
  afterAll(async () => {
    await world.close();
    await inside.close();
  });

  it.each(['rebound.example', '127.0.0.1', '[::ffff:127.0.0.1]', 'localhost'])(
    'is not made when %s leads inside at that moment, whatever was checked before',
    async (host) => {
      await world.install({ tenant: 'acme', integration: 'github', account: '101' });
      const made = await world.app.inject({
        method: 'POST',
        url: '/tenants/acme/webhook-endpoints',
        payload: { url: 'https://endpoint.invalid/hook' },
      });
      expect(made.statusCode).toBe(201);
      const { port } = new URL(inside.url);
      await world.rows('update tenantry.webhook_endpoints set url = $1', [`http://${host}:${port}/hook`]);
      await world.post('/webhooks/github', github({ action: 'opened', installation: { id: 101 } }));
      await world.queue.runDue();
      expect(inside.requests()).toBe(0);
      expect(await world.rows('select status, last_error from tenantry.webhook_deliveries')).toEqual([
        { status: 'pending', last_error: 'AddressNotAllowed' },
      ]);
    },
  );
});
