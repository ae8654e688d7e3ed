import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deliveryIdOf,
  eventTypeOf,
  parseContent,
  partsOf,
  valueAt,
} from '../../../src/sidecar/webhooks/content.ts';
import type { SignedRequest } from '../../../src/sidecar/webhooks/signature.ts';

const request = (content: unknown, headers: Record<string, string[]> = {}): SignedRequest => ({
  method: 'POST',
  uri: 'https://connect.example.com/webhooks/x',
  headers,
  body: Buffer.from(JSON.stringify(content) ?? ''),
});

const BY_PORTAL = { route: { field: '0.portalId', fact: 'portal_id' } };

describe('partsOf', () => {
  it('gives every event of a list to its own account, once', () => {
    const list = fc.array(fc.record({ portalId: fc.nat(4), eventId: fc.nat() }), { minLength: 1 });
    fc.assert(
      fc.property(list, (events) => {
        const parts = partsOf(BY_PORTAL, events, request(events));
        for (const part of parts) {
          const own = JSON.parse(part.body.toString()) as { portalId: number }[];
          expect(own.every(({ portalId }) => String(portalId) === part.account)).toBe(true);
          expect(own).toEqual(part.content);
        }
        const again = parts.flatMap((part) => part.content as unknown[]);
        expect(again).toHaveLength(events.length);
        expect(new Set(again)).toEqual(new Set(events));
      }),
    );
  });

  it('leaves the bytes alone where all events are of one account', () => {
    const given = { ...request([]), body: Buffer.from('[ {"portalId": 1, "n": 12345678901234567890} ]') };
    const content = parseContent(given.body, 'application/json');
    expect(partsOf(BY_PORTAL, content, given)).toEqual([{ account: '1', content, body: given.body }]);
  });

  it('names no account where a number is too large to be told from its neighbours', () => {
    const [part] = partsOf({ route: { field: 'id', fact: 'f' } }, { id: 2 ** 53 }, request({}));
    expect(part?.account).toBeUndefined();
  });
});

describe('deliveryIdOf', () => {
  it('of a list is made from all its ids, so that one that came before does not hide the others', () => {
    const webhook = { idField: '0.eventId', idHeader: undefined };
    const idOf = (...ids: number[]) => {
      const list = ids.map((eventId) => ({ eventId }));
      return deliveryIdOf(webhook, list, request(list));
    };
    expect(idOf(1)).not.toBe(idOf(1, 2));
    expect(idOf(1, 2)).toBe(idOf(1, 2));
    expect(idOf(...Array.from({ length: 100 }, (_, index) => index))).toMatch(/^sha256:/);
  });

  it('needs every header that it is made of', () => {
    const webhook = { idHeader: ['A', 'B'], idField: undefined };
    expect(deliveryIdOf(webhook, {}, request({}, { a: ['1'], b: ['2'] }))).toBe('1/2');
    expect(deliveryIdOf(webhook, {}, request({}, { a: ['1'] }))).toBeUndefined();
  });
});

describe('eventTypeOf', () => {
  it('is what header and field say together, and nothing that is no name', () => {
    const type = { header: 'X-Event', field: 'action' };
    const of = (event: string, action: unknown) =>
      eventTypeOf({ type }, { action }, request({}, { 'x-event': [event] }));
    expect(of('issues', 'opened')).toBe('issues.opened');
    expect(of('push', undefined)).toBe('push');
    expect(of('<script>', 'x')).toBeUndefined();
    expect(of('a'.repeat(200), 'x')).toBeUndefined();
  });
});

describe('valueAt', () => {
  it('finds own fields only, in whatever JSON', () => {
    expect(valueAt({}, 'constructor.name')).toBeUndefined();
    expect(valueAt([], 'length')).toBe(0);
    expect(valueAt(JSON.parse('{"__proto__":{"a":1}}'), 'a')).toBeUndefined();
    fc.assert(
      fc.property(fc.json(), fc.string(), (text, path) => {
        valueAt(JSON.parse(text), path);
      }),
    );
  });
});
