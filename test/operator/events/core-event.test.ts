import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coreEvent, cutMessage, eventName, eventsPath } from '../../../src/operator/events/core-event.ts';

describe('the Event of an object', () => {
  test('has a message of at most 1,024 bytes that is cut between characters', () => {
    expect(cutMessage('as it is')).toBe('as it is');
    expect(cutMessage('x'.repeat(1024))).toBe('x'.repeat(1024));
    expect(cutMessage('x'.repeat(1025))).toBe(`${'x'.repeat(1021)}…`);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 1500 }), (message) => {
        const cut = cutMessage(message.toWellFormed());
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024);
        expect(cut).not.toContain('\ufffd'.repeat(message.includes('\ufffd') ? 1500 : 1));
        expect(message.toWellFormed().startsWith(cut.replace(/…$/, ''))).toBe(true);
      }),
    );
  });

  test('has a name that the API server takes, however long that of the object is', () => {
    const name = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
    for (const object of ['acme', 'a'.repeat(253), `${'a'.repeat(234)}.-${'b'.repeat(10)}`]) {
      const made = eventName(object, 1.8e12, () => 0.999);
      expect(made).toMatch(name);
      expect(made.length).toBeLessThanOrEqual(253);
    }
    expect(eventName('acme', 1.8e12, () => 0)).not.toBe(eventName('acme', 1.8e12, () => 0.5));
  });

  test('names the object, the controller and the replica, with times in whole seconds', () => {
    const object = { apiVersion: 'v1', kind: 'Tenant', namespace: 'n', name: 'acme', uid: 'u' };
    const told = { type: 'Warning', reason: 'VaultSealed', message: 'Vault is sealed' } as const;
    const first = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    const occurrences = { object, told, name: 'acme.1', count: 3, first, last: first + 60_000 };
    const source = { component: 'tenantry-operator', instance: 'p'.repeat(200) };
    expect(coreEvent(occurrences, source)).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'acme.1', namespace: 'n' },
      involvedObject: object,
      type: 'Warning',
      reason: 'VaultSealed',
      message: 'Vault is sealed',
      source: { component: 'tenantry-operator' },
      reportingComponent: 'tenantry-operator',
      reportingInstance: 'p'.repeat(128),
      firstTimestamp: '2026-01-02T03:04:05Z',
      lastTimestamp: '2026-01-02T03:05:05Z',
      count: 3,
    });
  });

  test('is kept in the object’s namespace', () => {
    expect(eventsPath('team-a')).toBe('/api/v1/namespaces/team-a/events');
    expect(eventsPath('team-a', 'acme.1')).toBe('/api/v1/namespaces/team-a/events/acme.1');
  });
});
