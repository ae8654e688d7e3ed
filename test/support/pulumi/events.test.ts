import { describe, expect, it } from 'vitest';
import { readEvents } from './events.ts';

const metadata = (op: string, more: object = {}): object => ({
  op,
  urn: 'urn:pulumi:prod::tenantry::a:b:C$vault:index/policy:Policy::acme-policy',
  type: 'vault:index/policy:Policy',
  ...more,
});

describe('the engine’s events', () => {
  it('give what was planned and done, without what stays the same', () => {
    const log = [
      { resourcePreEvent: { metadata: metadata('same') } },
      {
        resourcePreEvent: { metadata: metadata('update', { detailedDiff: { policy: { kind: 'update' } } }) },
      },
      { resOutputsEvent: { metadata: metadata('update') } },
      { diagnosticEvent: { message: '<{%fg 1%}>broken<{%reset%}>', severity: 'error', urn: '' } },
      { diagnosticEvent: { message: 'RegisterResource RPC finished', severity: 'debug' } },
      { summaryEvent: { resourceChanges: { update: 1, same: 1 } } },
    ];
    const events = readEvents(log.map((event) => JSON.stringify(event)).join('\n'));
    expect(events).toMatchObject({
      operations: [{ op: 'update', name: 'acme-policy', diffs: ['policy'] }],
      done: [{ op: 'update', name: 'acme-policy' }],
      diagnostics: [{ severity: 'error', message: 'broken', urn: undefined }],
      changes: { update: 1, same: 1 },
    });
  });

  it('are read up to where a kill cut them off', () => {
    const line = JSON.stringify({ resourcePreEvent: { metadata: metadata('create') } });
    expect(readEvents(`${line}\n${line.slice(0, 40)}`).operations).toHaveLength(1);
  });
});
