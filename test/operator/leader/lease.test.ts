import { describe, expect, test } from 'vitest';
import {
  claimed,
  durationMsOf,
  holderOf,
  type Lease,
  leasePath,
  microTime,
  newLease,
  recordOf,
  released,
} from '../../../src/operator/leader/lease.ts';

const claim = { identity: 'pod-a', seconds: 15, wallNow: Date.UTC(2026, 0, 2, 3, 4, 5, 67) };

function leaseWith(spec: Lease['spec']): Lease {
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'l', namespace: 'n' },
  };
  return spec === undefined ? lease : { ...lease, spec };
}

describe('the Lease', () => {
  test('has times with exactly six fractional digits', () => {
    expect(microTime(claim.wallNow)).toBe('2026-01-02T03:04:05.067000Z');
    expect(microTime(0)).toBe('1970-01-01T00:00:00.000000Z');
  });

  test('is made with its holder and without a transition', () => {
    expect(newLease('n', 'l', claim)).toEqual(
      leaseWith({
        holderIdentity: 'pod-a',
        leaseDurationSeconds: 15,
        acquireTime: '2026-01-02T03:04:05.067000Z',
        renewTime: '2026-01-02T03:04:05.067000Z',
        leaseTransitions: 0,
      }),
    );
  });

  test('renewed by its holder keeps the time at which it was acquired and the number of transitions', () => {
    const lease = newLease('n', 'l', claim);
    const later = claimed(lease, { ...claim, wallNow: claim.wallNow + 2000 });
    expect(later.spec).toEqual({ ...lease.spec, renewTime: '2026-01-02T03:04:07.067000Z' });
  });

  test('taken over counts a transition, also when nobody held it', () => {
    const other = { ...claim, identity: 'pod-b' };
    const taken = claimed(newLease('n', 'l', claim), other);
    expect(taken.spec).toMatchObject({ holderIdentity: 'pod-b', leaseTransitions: 1 });
    const again = claimed(released(taken, claim.wallNow), other);
    expect(again.spec).toMatchObject({ holderIdentity: 'pod-b', leaseTransitions: 2 });
  });

  test('released has no holder and the shortest duration, and the count stays', () => {
    const free = released(claimed(newLease('n', 'l', claim), { ...claim, identity: 'pod-b' }), claim.wallNow);
    expect(free.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 1 });
    expect(holderOf(free)).toBeUndefined();
  });

  test('keeps what others wrote into it', () => {
    const labels = { team: 'platform' };
    const lease = {
      ...leaseWith({ holderIdentity: 'pod-b' }),
      metadata: { name: 'l', namespace: 'n', labels },
    };
    const strange = { ...lease, spec: { ...lease.spec, strategy: 'OldestEmulationVersion' } };
    expect(claimed(strange, claim)).toMatchObject({
      metadata: { labels },
      spec: { strategy: 'OldestEmulationVersion', holderIdentity: 'pod-a' },
    });
  });

  test.each([
    ['no spec', undefined],
    ['a spec that is null', null],
    ['an empty spec', {}],
    ['fields that are null', { holderIdentity: null, leaseTransitions: null, leaseDurationSeconds: null }],
  ])('with %s is held by nobody and can be taken', (_what, spec) => {
    const lease = leaseWith(spec);
    expect(holderOf(lease)).toBeUndefined();
    expect(durationMsOf(lease, 15)).toBe(15_000);
    expect(claimed(lease, claim).spec).toMatchObject({ holderIdentity: 'pod-a', leaseTransitions: 1 });
  });

  test('the count of transitions begins anew where an int32 ends', () => {
    const lease = leaseWith({ holderIdentity: 'pod-b', leaseTransitions: 2 ** 31 - 1 });
    expect(claimed(lease, claim).spec?.leaseTransitions).toBe(0);
  });

  test('the duration is that of the holder, but never so long that a dead one is never replaced', () => {
    expect(durationMsOf(leaseWith({ leaseDurationSeconds: 60 }), 15)).toBe(60_000);
    expect(durationMsOf(leaseWith({ leaseDurationSeconds: 2 ** 31 - 1 }), 15)).toBe(600_000);
    expect(durationMsOf(leaseWith({ leaseDurationSeconds: -1 }), 15)).toBe(15_000);
  });

  test('a label or an annotation is no sign of life of the holder, each of its own fields is', () => {
    const lease = newLease('n', 'l', claim);
    const annotated = {
      ...lease,
      metadata: { ...lease.metadata, resourceVersion: '9', annotations: { a: 'b' } },
    };
    expect(recordOf(annotated)).toBe(recordOf(lease));
    expect(recordOf(claimed(lease, { ...claim, wallNow: claim.wallNow + 1 }))).not.toBe(recordOf(lease));
    expect(recordOf(claimed(lease, { ...claim, identity: 'pod-b' }))).not.toBe(recordOf(lease));
  });

  test('a name cannot lead out of its path', () => {
    expect(leasePath('a/b', '../c')).toBe('/apis/coordination.k8s.io/v1/namespaces/a%2Fb/leases/..%2Fc');
  });
});
