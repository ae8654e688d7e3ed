import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGate } from '../../../src/sidecar/webhooks/gate.ts';
import { seal, unseal } from '../../../src/sidecar/webhooks/sealed.ts';
import { newEndpointSecret, signedHeaders } from '../../../src/sidecar/webhooks/standard-webhooks.ts';
import { pauseAfter, waitAfter } from '../../../src/sidecar/webhooks/tries.ts';

describe('the signature of a message', () => {
  it('is that of the published example', () => {
    const headers = signedHeaders('whsec_plJ3nmyCDGBKInavdOK15jsl', {
      id: 'msg_loFOjxBNrRLzqYUf',
      at: 1_731_705_121_000,
      body: '{"event_type":"ping","data":{"success":true}}',
    });
    expect(headers).toEqual({
      'webhook-id': 'msg_loFOjxBNrRLzqYUf',
      'webhook-timestamp': '1731705121',
      'webhook-signature': 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    });
  });

  it('uses the bytes of the secret as the key, with no secret given twice', () => {
    const secrets = Array.from({ length: 50 }, newEndpointSecret);
    expect(new Set(secrets).size).toBe(50);
    const [secret = ''] = secrets;
    const key = Buffer.from(secret.slice(6), 'base64');
    expect(key).toHaveLength(32);
    const right = createHmac('sha256', key).update('m.1.ü').digest('base64');
    expect(signedHeaders(secret, { id: 'm', at: 1999, body: 'ü' })['webhook-signature']).toBe(`v1,${right}`);
  });
});

describe('the waits between tries', () => {
  it('grow, add up to about a day and come to an end', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
        const waits: number[] = [];
        for (let tries = 1; ; tries++) {
          const wait = waitAfter(tries, random, undefined);
          if (wait === undefined) break;
          waits.push(wait);
        }
        expect(waits).toEqual([...waits].sort((a, b) => a - b));
        const hours = waits.reduce((sum, wait) => sum + wait, 0) / 3_600_000;
        expect(hours).toBeGreaterThan(16);
        expect(hours).toBeLessThan(28);
      }),
    );
  });

  it('are not alike for two deliveries that failed together', () => {
    expect(waitAfter(5, 0.1, undefined)).not.toBe(waitAfter(5, 0.9, undefined));
  });

  it('are never shorter than the endpoint asks for, nor longer than an hour because it asks', () => {
    expect(waitAfter(1, 0, 60)).toBe(60_000);
    expect(waitAfter(1, 0, 1e9)).toBe(3_600_000);
    expect(waitAfter(10, 0, 1)).toBe(6 * 3_600_000);
  });

  it('of a whole endpoint begin after five failures in a row and end at ten minutes', () => {
    expect([0, 4, 5, 6, 7, 50, 1e6].map(pauseAfter)).toEqual([
      0, 0, 10_000, 20_000, 40_000, 600_000, 600_000,
    ]);
  });
});

describe('the gate', () => {
  it('lets in so many in all and so many per endpoint, and again when they leave', () => {
    const gate = createGate(3, 2);
    const [a1, a2] = [gate.enter('a'), gate.enter('a')];
    expect(gate.enter('a')).toBeUndefined();
    const b1 = gate.enter('b');
    expect(gate.enter('b')).toBeUndefined();
    a1?.();
    expect(gate.enter('b')).toBeDefined();
    a2?.();
    expect(gate.enter('a')).toBeDefined();
    expect(b1).toBeDefined();
    expect(gate.enter('c')).toBeUndefined();
  });
});

describe('a sealed secret', () => {
  it('opens with the same client secret for the same purpose, and shows nothing of itself', () => {
    const sealed = seal('authorization-code-1', 'client-secret', 'code of sentry');
    expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain('authorization');
    expect(unseal(sealed, 'client-secret', 'code of sentry')).toBe('authorization-code-1');
    expect(unseal(sealed, 'client-secret', 'code of notion')).toBeUndefined();
    expect(unseal(sealed, 'other-secret', 'code of sentry')).toBeUndefined();
    expect(seal('authorization-code-1', 'client-secret', 'code of sentry')).not.toBe(sealed);
  });

  it('does not open when a bit was changed or bytes are missing', () => {
    const bytes = Buffer.from(seal('authorization-code-1', 'client-secret', 'p'), 'base64');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(unseal(changed.toString('base64'), 'client-secret', 'p')).toBeUndefined();
        expect(unseal(bytes.subarray(0, at).toString('base64'), 'client-secret', 'p')).toBeUndefined();
      }),
    );
  });
});
